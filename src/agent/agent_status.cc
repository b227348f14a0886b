#include "agent/agent_status.h"

#include <algorithm>

#include "agent/json_text.h"
#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMillisecond = 1'000;
constexpr std::int64_t kSecond = 1'000'000;

void add_time(JsonText& json, std::string_view name, const std::optional<UtcTime>& time) {
  if (time) {
    json.member(name, to_string(*time));
  } else {
    json.null(name);
  }
}

std::string epoch_json(const Epoch& epoch) {
  JsonText labels = JsonText::object();
  for (const auto& [name, value] : epoch.labels) labels.member(name, value);
  return JsonText::object()
      .member("id", epoch.id.str())
      .member("boot_id", epoch.boot.str())
      .member("started_slot", to_string(epoch.started))
      .raw("labels", labels.text())
      .text();
}

std::string folded_json(const Folded& folded) {
  JsonText json = JsonText::object();
  json.member("rows", folded.rows)
      .member("first_slot", to_string(folded.first_slot))
      .member("last_slot", to_string(folded.last_slot))
      .member("first_at", to_string(folded.first_at))
      .member("last_at", to_string(folded.last_at));
  add_time(json, "going_on_since", folded.going_on_since);
  return json.text();
}

std::string spool_json(const AgentStatus& status) {
  JsonText rows = JsonText::array();
  for (const AsideRow& row : status.aside)
    rows.element(JsonText::object()
                     .member("epoch", row.key.epoch.str())
                     .member("slot", to_string(row.key.slot))
                     .member("scope", row.key.scope.str())
                     .member("reason", row.reason)
                     .member("since", to_string(row.since))
                     .text());
  JsonText json = JsonText::object();
  json.member("rows", status.spool.kept).member("waiting", status.spool.waiting);
  add_time(json, "oldest_slot", status.spool.oldest);
  if (const auto since = status.waiting_since()) {
    const std::int64_t age = status.now.us - since->us;
    json.member("oldest_age_s", std::max(age, std::int64_t{0}) / kSecond);
  } else {
    json.null("oldest_age_s");
  }
  json.member("set_aside", status.spool.aside)
      .raw("set_aside_rows", rows.text())
      .member("nearly_full", status.spool.tight);
  if (status.spool.folded) {
    json.raw("folded", folded_json(*status.spool.folded));
  } else {
    json.null("folded");
  }
  return json.member("save_error", status.save_error)
      .member("damaged_file", status.damaged_spool)
      .text();
}

std::string sending_json(const AgentStatus& status) {
  const SenderState& sending = status.sending;
  JsonText json = JsonText::object();
  json.member("sink", status.sink).member("paused", status.paused);
  add_time(json, "last_acknowledged", sending.last_acknowledged);
  if (sending.outage) {
    json.raw("outage", JsonText::object()
                           .member("since", to_string(sending.outage->since))
                           .member("lasted_s", sending.outage->lasted_us / kSecond)
                           .member("detail", sending.outage->detail)
                           .text());
  } else {
    json.null("outage");
  }
  add_time(json, "next_try", status.next_try);
  json.member("sends_answered", status.sends_answered).member("quarantined", sending.quarantined);
  if (sending.clock_ahead_us) {
    json.member("clock_ahead_ms", *sending.clock_ahead_us / kMillisecond);
  } else {
    json.null("clock_ahead_ms");
  }
  return json.text();
}

std::string metering_json(const AgentStatus& status) {
  JsonText faults = JsonText::array();
  for (const std::string& fault : status.faults) faults.element(json_quoted(fault));
  JsonText json = JsonText::object();
  json.member("state", to_string(status.tick_state))
      .member("interval_ms", status.interval_us / kMillisecond);
  add_time(json, "last_tick", status.last_tick);
  json.member("cpu_percent", status.newest.cpu).member("memory_percent", status.newest.memory);
  return json.raw("faults", faults.text()).member("steps_back", status.steps_back).text();
}

}  // namespace

std::optional<UtcTime> AgentStatus::waiting_since() const {
  if (!spool.oldest || !began_to_wait) return spool.oldest;
  return std::max(*spool.oldest, *began_to_wait);
}

std::string_view to_string(TickState state) {
  switch (state) {
    case TickState::kMetered:
      return "metered";
    case TickState::kClockUnset:
      return "clock_unset";
    case TickState::kNoCounters:
      return "no_counters";
    case TickState::kTooManyStarts:
      return "too_many_starts";
  }
  MB_ASSERT(false);
  return "";
}

std::string to_json(const AgentStatus& status) {
  JsonText json = JsonText::object();
  json.member("ready", status.ready)
      .member("reason", status.reason)
      .member("version", status.version)
      .member("machine_id", status.machine.str())
      .member("time", to_string(status.now))
      .member("started", to_string(status.started));
  if (status.epoch) {
    json.raw("epoch", epoch_json(*status.epoch));
  } else {
    json.null("epoch");
  }
  return json.raw("metering", metering_json(status))
      .raw("spool", spool_json(status))
      .raw("sending", sending_json(status))
      .text();
}

}  // namespace meterbill
