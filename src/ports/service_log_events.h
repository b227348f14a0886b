#pragma once

#include <array>

#include "base/log.h"

namespace meterbill::service_event {

// Ids are never used again for another event: they are searched for, and alarmed on.

inline constexpr LogEvent kStatus{.id = 3000,
                                  .level = LogLevel::kNotice,
                                  .text = "status",
                                  .meaning = "An operator asked for it with USR1.",
                                  .each = true};
inline constexpr LogEvent kReloaded{
    .id = 3001,
    .level = LogLevel::kNotice,
    .text = "configuration reloaded",
    .meaning =
        "The keys TAKEN hold from now on. Those in WAIT_FOR_RESTART were changed too, and "
        "hold after the next start.",
    .each = true};
inline constexpr LogEvent kReloadRefused{
    .id = 3002,
    .level = LogLevel::kError,
    .text = "new configuration refused; the old one goes on",
    .meaning = "Nothing of it was taken. A restart would fail for the same reason.",
    .remedy = "Mend what the ERROR names; `meterbill config check` tries it without the service.",
    .each = true};
inline constexpr LogEvent kLogLevelSet{
    .id = 3003,
    .level = LogLevel::kNotice,
    .text = "log level set",
    .meaning = "An operator changed how much is logged, until the next start or reload.",
    .each = true};
inline constexpr LogEvent kFailed{
    .id = 3004,
    .level = LogLevel::kError,
    .text = "service failed",
    .meaning = "The program ends. What was acknowledged is durable.",
    .remedy =
        "Do what the ERROR says. With a wrong configuration, a missing right or damaged data "
        "it is not started again by itself."};

inline constexpr LogEvent kReloadFailed{
    .id = 3005,
    .level = LogLevel::kError,
    .text = "new configuration could not be taken over; the old one goes on",
    .meaning = "There is nothing wrong with it: the service could not change over just now.",
    .remedy = "Mend what the ERROR names, such as a full disk, and reload again.",
    .each = true};

inline constexpr std::array kAll{kStatus,      kReloaded, kReloadRefused,
                                 kLogLevelSet, kFailed,   kReloadFailed};

}  // namespace meterbill::service_event
