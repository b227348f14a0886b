#include "agent/agent_log.h"

#include <fmt/format.h>

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
  log_.info("metering begins", {{"EPOCH", epoch.id.str(), true},
                                {"CAUSE", std::string(text_of(cause))},
                                {"ESTIMATED", seconds(bridged_us)}});
}

void AgentLog::metering_changed(TickState state) {
  const LogFields fields{{"STATE", std::string(to_string(state)), true}};
  if (state == TickState::kMetered)
    log_.notice("metering goes on", fields);
  else
    log_.warning("not metering: see `meterbill status`", fields);
}

void AgentLog::meter_failed(const Error& fault) {
  log_.warning("a meter cannot be read", {{"ERROR", fault.message, true}});
}

void AgentLog::meters_recovered() { log_.notice("all meters can be read again"); }

void AgentLog::save_failed(const Error& error) {
  log_.error("totals cannot be saved and stay in memory; metering goes on",
             {{"ERROR", error.message}});
}

void AgentLog::save_recovered() { log_.notice("totals are saved again"); }

void AgentLog::spool_damaged(const Error& error, const std::string& kept_as) {
  log_.error("spool damaged: kept aside, a new one begun; metering goes on",
             {{"ERROR", error.message}, {"KEPT_AS", kept_as}});
}

void AgentLog::folding_began(const Folded& folded) {
  log_.warning(
      "spool nearly full: small scopes are booked in `other` from here on, machine totals stay "
      "exact; raise agent.spool_max_bytes, or see why the sink takes nothing",
      fields_of(folded));
}

void AgentLog::folding_ended(const Folded& folded) {
  log_.notice("spool has room again: scopes are kept under their own names", fields_of(folded));
}

void AgentLog::spool_failed(const Error& error) {
  log_.error("spool cannot be read or marked: sending waits, metering goes on",
             {{"ERROR", error.message}});
}

void AgentLog::sink_unreachable(const Outage& outage) {
  log_.notice("sink unreachable; metering goes on", fields_of(outage));
}

void AgentLog::sink_reachable_again(const Outage& outage) {
  log_.notice("sink reachable again", fields_of(outage));
}

void AgentLog::readings_quarantined(std::int64_t readings) {
  log_.warning("the worker refused readings: see `meterbill quarantine list` there",
               {{"READINGS", std::to_string(readings)}});
}

void AgentLog::row_set_aside(const SpoolKey& row, const std::string& reason) {
  log_.error("a reading was refused for good and set aside",
             {{"SLOT", to_string(row.slot)}, {"SCOPE", row.scope.str()}, {"REASON", reason, true}});
}

void AgentLog::clock_alarm(std::int64_t ahead_us) {
  log_.warning("this clock differs from the worker's: set the time of this machine",
               {{"AHEAD", seconds(ahead_us)}});
}

void AgentLog::clock_alarm_over() { log_.notice("this clock agrees with the worker's again"); }

void AgentLog::sending_paused(bool paused) {
  log_.operated(paused ? "sending paused; metering goes on" : "sending resumed", {});
}

}  // namespace meterbill
