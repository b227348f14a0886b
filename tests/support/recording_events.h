#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/agent_events.h"
#include "base/guarded.h"

namespace meterbill {

/// Remembers every event as one line, "name detail".
class RecordingEvents final : public AgentEvents {
 public:
  void epoch_began(const Epoch&, EpochCause cause, std::int64_t bridged_us) override {
    add(fmt::format("epoch_began {} {}", static_cast<int>(cause), bridged_us));
  }
  void metering_changed(TickState state) override {
    add(fmt::format("metering_changed {}", static_cast<int>(state)));
  }
  void meter_failed(const Error& fault) override { add("meter_failed " + fault.message); }
  void meters_recovered() override { add("meters_recovered"); }
  void ticked(const std::string&, const std::string&) override {}
  void sent(std::int64_t) override {}
  void save_failed(const Error& error) override { add("save_failed " + error.message); }
  void save_recovered() override { add("save_recovered"); }
  void spool_damaged(const Error&, const std::string& kept_as) override {
    add("spool_damaged " + kept_as);
  }
  void folding_began(const Folded& folded) override {
    add(fmt::format("folding_began {}", folded.rows));
  }
  void folding_ended(const Folded& folded) override {
    add(fmt::format("folding_ended {}", folded.rows));
  }
  void spool_failed(const Error& error) override { add("spool_failed " + error.message); }
  void sink_unreachable(const Outage& outage) override {
    add(fmt::format("sink_unreachable {} s, {} waiting", outage.lasted_us / 1'000'000,
                    outage.waiting));
  }
  void sink_reachable_again(const Outage& outage) override {
    add(fmt::format("sink_reachable_again {} s", outage.lasted_us / 1'000'000));
  }
  void readings_quarantined(std::int64_t readings) override {
    add(fmt::format("readings_quarantined {}", readings));
  }
  void row_set_aside(const SpoolKey& row, const std::string& reason) override {
    add(fmt::format("row_set_aside {} {}", row.scope.str(), reason));
  }
  void clock_alarm(std::int64_t ahead_us) override {
    add(fmt::format("clock_alarm {} s", ahead_us / 1'000'000));
  }
  void clock_alarm_over() override { add("clock_alarm_over"); }
  void sending_paused(bool paused) override { add(fmt::format("sending_paused {}", paused)); }

  [[nodiscard]] std::vector<std::string> lines() const {
    return lines_.with([](const std::vector<std::string>& lines) { return lines; });
  }
  [[nodiscard]] std::int64_t count(const std::string& start) const {
    const auto all = lines();
    return std::ranges::count_if(all,
                                 [&](const std::string& line) { return line.starts_with(start); });
  }

 private:
  void add(std::string line) {
    lines_.with([&](std::vector<std::string>& lines) { lines.push_back(std::move(line)); });
  }
  Guarded<std::vector<std::string>> lines_;
};

}  // namespace meterbill
