#pragma once

#include <array>

#include "base/log.h"

namespace meterbill::agent_event {

// Ids are never used again for another event: they are searched for, and alarmed on.

inline constexpr LogEvent kStarted{
    .id = 1000,
    .level = LogLevel::kInfo,
    .text = "agent started",
    .meaning = "The agent answers on its status address and begins to meter."};
inline constexpr LogEvent kStopped{
    .id = 1001,
    .level = LogLevel::kInfo,
    .text = "agent stopped",
    .meaning =
        "The last totals are saved. What the machine uses from now on is booked at the next "
        "start, and shown as estimated."};

inline constexpr LogEvent kMeteringBegins{
    .id = 1010,
    .level = LogLevel::kInfo,
    .text = "metering begins",
    .meaning =
        "A new epoch began, for the CAUSE that is named. What was used since the last "
        "reading of the same boot is booked, spread over the ESTIMATED time."};
inline constexpr LogEvent kMeteringGoesOn{
    .id = 1011,
    .level = LogLevel::kNotice,
    .text = "metering goes on",
    .meaning = "What hindered metering is over. What could be bridged is shown as estimated.",
    .ends = 1012};
inline constexpr LogEvent kNotMetering{
    .id = 1012,
    .level = LogLevel::kWarning,
    .text = "not metering: see `meterbill status`",
    .meaning =
        "The numbers of this machine cannot be trusted for the STATE that is named, so none "
        "are booked. The counters of the machine go on: most of it is made good later.",
    .remedy =
        "`meterbill status` says what is missing: a set clock, readable counters, or fewer "
        "starts."};
inline constexpr LogEvent kMeterFailed{
    .id = 1013,
    .level = LogLevel::kWarning,
    .text = "a meter cannot be read",
    .meaning =
        "This meter is missing from the readings; it is never billed as zero. The others go "
        "on.",
    .remedy =
        "Look at the ERROR: the service must be able to read the file it names. A drop-in "
        "of the unit may have changed its sandbox."};
inline constexpr LogEvent kMetersRecovered{.id = 1014,
                                           .level = LogLevel::kNotice,
                                           .text = "all meters can be read again",
                                           .meaning = "Readings are whole again.",
                                           .ends = 1013};
inline constexpr LogEvent kTick{.id = 1015,
                                .level = LogLevel::kDebug,
                                .text = "tick",
                                .meaning = "The counters were read and booked."};

inline constexpr LogEvent kSaveFailed{
    .id = 1020,
    .level = LogLevel::kError,
    .text = "totals cannot be saved and stay in memory; metering goes on",
    .meaning =
        "Nothing is lost while the agent runs. If it stops now, what was not saved is "
        "booked at the next start, as estimated.",
    .remedy = "Free space on the disk of agent.state_dir, or mend it; see the ERROR."};
inline constexpr LogEvent kSaveRecovered{.id = 1021,
                                         .level = LogLevel::kNotice,
                                         .text = "totals are saved again",
                                         .meaning = "All that waited in memory is durable.",
                                         .ends = 1020};
inline constexpr LogEvent kSpoolDamaged{
    .id = 1022,
    .level = LogLevel::kError,
    .text = "spool damaged: kept aside, a new one begun; metering goes on",
    .meaning =
        "The file of the spool could not be believed. Rows in it that had not been sent are "
        "not on any bill; what was sent is.",
    .remedy = "Look at the file KEPT_AS with `meterbill spool verify FILE`; check the disk."};
inline constexpr LogEvent kFoldingBegan{
    .id = 1023,
    .level = LogLevel::kWarning,
    .text =
        "spool nearly full: small scopes are booked in `other` from here on, machine totals "
        "stay exact; raise agent.spool_max_bytes, or see why the sink takes nothing",
    .meaning =
        "There is no room for every scope of every quarter hour that could not be sent. "
        "The totals of the machine stay exact; parts of it are named `other`.",
    .remedy =
        "See why the sink takes nothing (`meterbill status`), or raise "
        "agent.spool_max_bytes."};
inline constexpr LogEvent kFoldingEnded{
    .id = 1024,
    .level = LogLevel::kNotice,
    .text = "spool has room again: scopes are kept under their own names",
    .meaning = "New quarter hours show each scope by its name.",
    .ends = 1023};
inline constexpr LogEvent kSpoolFailed{
    .id = 1025,
    .level = LogLevel::kError,
    .text = "spool cannot be read or marked: sending waits, metering goes on",
    .meaning = "Nothing is lost: rows stay in the spool until they can be sent.",
    .remedy = "Look at the ERROR and at the disk of agent.state_dir."};

inline constexpr LogEvent kSinkUnreachable{
    .id = 1030,
    .level = LogLevel::kNotice,
    .text = "sink unreachable; metering goes on",
    .meaning =
        "Readings wait in the spool and are sent when the worker or the broker answers. "
        "Nothing is lost.",
    .remedy =
        "Look at the DETAIL. If agent.sink is a worker: `meterbill status` on its machine says "
        "whether it runs. As installed its http.listen is loopback: other machines "
        "reach it through a proxy, or at the address that is set there, if no firewall stands "
        "between. If it is Kafka: `meterbill kafka check --agent` tries the broker step by step. "
        "Afterwards `meterbill agent send` tries at once and says what comes of it."};
inline constexpr LogEvent kSinkReachableAgain{.id = 1031,
                                              .level = LogLevel::kNotice,
                                              .text = "sink reachable again",
                                              .meaning = "What waited is being sent.",
                                              .ends = 1030};
inline constexpr LogEvent kReadingsQuarantined{
    .id = 1032,
    .level = LogLevel::kWarning,
    .text = "the worker refused readings: see `meterbill quarantine list` there",
    .meaning = "The worker keeps these readings apart because they cannot be true as they are.",
    .remedy = "`meterbill quarantine list` on the worker's machine names the reason."};
inline constexpr LogEvent kRowSetAside{
    .id = 1033,
    .level = LogLevel::kError,
    .text = "a reading was refused for good and set aside",
    .meaning = "It stays in the spool and is not sent again, so that the others can be.",
    .remedy =
        "`meterbill status` and `meterbill spool list` show it with the REASON; "
        "`meterbill agent send --again` offers it once more when the cause is gone."};
inline constexpr LogEvent kSent{
    .id = 1034, .level = LogLevel::kDebug, .text = "sent", .meaning = "A round of sending ended."};

inline constexpr LogEvent kClockAlarm{
    .id = 1040,
    .level = LogLevel::kWarning,
    .text = "this clock differs from the worker's: set the time of this machine",
    .meaning = "No quantity is wrong by it, but use may be booked in a neighbouring quarter hour.",
    .remedy = "Turn on time synchronisation, for example `timedatectl set-ntp true`."};
inline constexpr LogEvent kClockAlarmOver{.id = 1041,
                                          .level = LogLevel::kNotice,
                                          .text = "this clock agrees with the worker's again",
                                          .meaning = "Both differ by less than 30 seconds.",
                                          .ends = 1040};

inline constexpr LogEvent kSendingPaused{
    .id = 1050,
    .level = LogLevel::kNotice,
    .text = "sending paused; metering goes on",
    .meaning = "An operator had sending stopped. Readings wait in the spool.",
    .remedy = "`meterbill agent resume` goes on; so does the next start of the agent.",
    .each = true};
inline constexpr LogEvent kSendingResumed{.id = 1051,
                                          .level = LogLevel::kNotice,
                                          .text = "sending resumed",
                                          .meaning = "What waited is being sent.",
                                          .each = true};

inline constexpr std::array kAll{kStarted,
                                 kStopped,
                                 kMeteringBegins,
                                 kMeteringGoesOn,
                                 kNotMetering,
                                 kMeterFailed,
                                 kMetersRecovered,
                                 kTick,
                                 kSaveFailed,
                                 kSaveRecovered,
                                 kSpoolDamaged,
                                 kFoldingBegan,
                                 kFoldingEnded,
                                 kSpoolFailed,
                                 kSinkUnreachable,
                                 kSinkReachableAgain,
                                 kReadingsQuarantined,
                                 kRowSetAside,
                                 kSent,
                                 kClockAlarm,
                                 kClockAlarmOver,
                                 kSendingPaused,
                                 kSendingResumed};

}  // namespace meterbill::agent_event
