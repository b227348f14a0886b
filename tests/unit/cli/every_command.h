#pragma once

#include <utility>
#include <vector>

#include "cli/command_list.h"
#include "support/manual_clock.h"

namespace meterbill {

/// No zone but UTC.
class NoTimeZones final : public TimeZoneDatabase {
 public:
  [[nodiscard]] Result<std::shared_ptr<const TimeZone>> find(std::string_view name) const override {
    return fail(Code::kNotFound, "no zone " + std::string(name));
  }
};

/// All commands of `meterbill`, to look at and not to run: nothing stands behind them.
inline std::vector<Command> every_command() {
  static const ManualClock kClock{{}};
  static const NoTimeZones kZones;
  return command_list(
      {.access = {},
       .bill_compute = {.zones = kZones, .clock = kClock, .read_file = {}, .sha256_hex = {}},
       .prices_check = {.zones = kZones,
                        .read_file = {},
                        .sha256_hex = {},
                        .default_prices = "",
                        .default_failure = {},
                        .access = {}},
       .config = {},
       .check_kafka = {},
       .wait = {},
       .measure = {},
       .outside_view = {},
       .spool = {},
       .loadgen = {.clock = kClock,
                   .context = {},
                   .access = {},
                   .open_sink = {},
                   .wait = {},
                   .random = {}},
       .libraries = {}});
}

}  // namespace meterbill
