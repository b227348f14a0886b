#include "agent/agent_log.h"

#include <fmt/format.h>

#include "agent/agent_log_events.h"
#include "agent/agent_status.h"

namespace meterbill {
namespace {

std::string seconds(std::int64_t us) { return fmt::format("{} s", us / 1'000'000); }

LogFields fields_of(const Outage& outage) {
  return {{"SINCE", to_string(outage.since)},
          {"LASTED", seconds(outage.lasted_us)},
          {"DETAIL", outage.detail},
          {"WAITING", std::to_string(outage.waiting)}};
}

/// So far: of this time of folding, and of all before.
LogFields fields_of(const Folded& folded) {
  return {{"FOLDED", std::to_string(folded.rows)},
          {"FIRST_SLOT", to_string(folded.first_slot)},
          {"LAST_SLOT", to_string(folded.last_slot)}};
}

std::string_view text_of(EpochCause cause) {
  switch (cause) {
    case EpochCause::kFresh:
      return "nothing is known of before";
    case EpochCause::kSameBoot:
      return "the agent was restarted";
    case EpochCause::kNewBoot:
      return "the host was restarted";
    case EpochCause::kClockStep:
      return "the clock was set";
  }
  return "";
}

}  // namespace

void AgentLog::epoch_began(const Epoch& epoch, EpochCause cause, std::int64_t bridged_us) {
  log_.write(agent_event::kMeteringBegins, {{"EPOCH", epoch.id.str(), true},
                                            {"CAUSE", std::string(text_of(cause))},
                                            {"ESTIMATED", seconds(bridged_us)}});
}

void AgentLog::metering_changed(TickState state) {
  log_.write(
      state == TickState::kMetered ? agent_event::kMeteringGoesOn : agent_event::kNotMetering,
      {{"STATE", std::string(to_string(state)), state != TickState::kMetered}});
}

void AgentLog::meter_failed(const Error& fault) {
  log_.write(agent_event::kMeterFailed, {{"ERROR", fault.message, true}});
}

void AgentLog::meters_recovered() { log_.write(agent_event::kMetersRecovered); }

void AgentLog::ticked(const std::string& cpu_percent, const std::string& memory_percent) {
  log_.write(agent_event::kTick, {{"CPU_USAGE", cpu_percent}, {"MEMORY_USAGE", memory_percent}});
}

void AgentLog::save_failed(const Error& error) {
  log_.write(agent_event::kSaveFailed, {{"ERROR", error.message}});
}

void AgentLog::save_recovered() { log_.write(agent_event::kSaveRecovered); }

void AgentLog::spool_damaged(const Error& error, const std::string& kept_as) {
  log_.write(agent_event::kSpoolDamaged, {{"ERROR", error.message}, {"KEPT_AS", kept_as}});
}

void AgentLog::folding_began(const Folded& folded) {
  log_.write(agent_event::kFoldingBegan, fields_of(folded));
}

void AgentLog::folding_ended(const Folded& folded) {
  log_.write(agent_event::kFoldingEnded, fields_of(folded));
}

void AgentLog::spool_failed(const Error& error) {
  log_.write(agent_event::kSpoolFailed, {{"ERROR", error.message}});
}

void AgentLog::sink_unreachable(const Outage& outage) {
  log_.write(agent_event::kSinkUnreachable, fields_of(outage));
}

void AgentLog::sink_reachable_again(const Outage& outage) {
  log_.write(agent_event::kSinkReachableAgain, fields_of(outage));
}

void AgentLog::readings_quarantined(std::int64_t readings) {
  log_.write(agent_event::kReadingsQuarantined, {{"READINGS", std::to_string(readings)}});
}

void AgentLog::row_set_aside(const SpoolKey& row, const std::string& reason) {
  log_.write(agent_event::kRowSetAside,
             {{"SLOT", to_string(row.slot)}, {"SCOPE", row.scope.str()}, {"REASON", reason, true}});
}

void AgentLog::sent(std::int64_t rows) {
  log_.write(agent_event::kSent, {{"ROWS", std::to_string(rows)}});
}

void AgentLog::clock_alarm(std::int64_t ahead_us) {
  log_.write(agent_event::kClockAlarm, {{"AHEAD", seconds(ahead_us)}});
}

void AgentLog::clock_alarm_over() { log_.write(agent_event::kClockAlarmOver); }

void AgentLog::sending_paused(bool paused) {
  log_.write(paused ? agent_event::kSendingPaused : agent_event::kSendingResumed);
}

}  // namespace meterbill
