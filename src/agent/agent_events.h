#pragma once

#include <cstdint>
#include <string>

#include "agent/metering.h"
#include "agent/outage.h"
#include "base/result.h"
#include "ports/spool.h"

namespace meterbill {

/// What the agent has to tell: one function per event, so that the agent needs no log library and a
/// test can listen. Already bounded: what lasts is told once, then summarised. Called from both of
/// the agent's threads; must not call back into it.
class AgentEvents {
 public:
  virtual ~AgentEvents() = default;

  /// An epoch began; `bridged_us` of its time are estimated.
  virtual void epoch_began(const Epoch& epoch, EpochCause cause, std::int64_t bridged_us) = 0;
  /// Ticks are not metered any more, and why; kMetered: they are again.
  virtual void metering_changed(TickState state) = 0;
  /// A meter cannot be read; told again only when the message changes.
  virtual void meter_failed(const Error& fault) = 0;
  virtual void meters_recovered() = 0;
  /// Each tick that was metered, with its percentages.
  virtual void ticked(const std::string& cpu_percent, const std::string& memory_percent) = 0;

  /// Totals stay in memory until the spool takes them again.
  virtual void save_failed(const Error& error) = 0;
  virtual void save_recovered() = 0;
  /// A new spool was begun; the old one is kept as `kept_as`.
  virtual void spool_damaged(const Error& error, const std::string& kept_as) = 0;
  /// The spool is nearly full: from here on small scopes are booked in `other`.
  virtual void folding_began(const Folded& folded) = 0;
  /// There is room again.
  virtual void folding_ended(const Folded& folded) = 0;
  /// The sender cannot read or mark rows.
  virtual void spool_failed(const Error& error) = 0;

  /// After 30 s, then every 10 minutes; metering goes on.
  virtual void sink_unreachable(const Outage& outage) = 0;
  virtual void sink_reachable_again(const Outage& outage) = 0;
  /// A round of sending in which all of so many rows were settled.
  virtual void sent(std::int64_t rows) = 0;
  /// The worker took them, but put them into quarantine: at most every 10 minutes, with the number
  /// since the last time.
  virtual void readings_quarantined(std::int64_t readings) = 0;
  /// A row is refused even alone.
  virtual void row_set_aside(const SpoolKey& row, const std::string& reason) = 0;

  /// This clock differs from the worker's by more than 30 s; positive: it is ahead.
  virtual void clock_alarm(std::int64_t ahead_us) = 0;
  virtual void clock_alarm_over() = 0;

  virtual void sending_paused(bool paused) = 0;
};

}  // namespace meterbill
