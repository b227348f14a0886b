#pragma once

#include "agent/agent_events.h"
#include "base/log.h"

namespace meterbill {

/// The agent's events as log lines.
class AgentLog final : public AgentEvents {
 public:
  /// `log` outlives the object.
  explicit AgentLog(Log& log) : log_(log) {}

  void epoch_began(const Epoch& epoch, EpochCause cause, std::int64_t bridged_us) override;
  void metering_changed(TickState state) override;
  void meter_failed(const Error& fault) override;
  void meters_recovered() override;
  void ticked(const std::string& cpu_percent, const std::string& memory_percent) override;
  void save_failed(const Error& error) override;
  void save_recovered() override;
  void spool_damaged(const Error& error, const std::string& kept_as) override;
  void folding_began(const Folded& folded) override;
  void folding_ended(const Folded& folded) override;
  void spool_failed(const Error& error) override;
  void sink_unreachable(const Outage& outage) override;
  void sink_reachable_again(const Outage& outage) override;
  void sent(std::int64_t rows) override;
  void readings_quarantined(std::int64_t readings) override;
  void row_set_aside(const SpoolKey& row, const std::string& reason) override;
  void clock_alarm(std::int64_t ahead_us) override;
  void clock_alarm_over() override;
  void sending_paused(bool paused) override;

 private:
  Log& log_;
};

}  // namespace meterbill
