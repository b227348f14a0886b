#include "agent/agent_api.h"

#include <fmt/format.h>

#include "agent/agent_status.h"
#include "report/json_writer.h"
#include "report/metrics_text.h"

namespace meterbill {
namespace {

WebResponse json_answer(std::string body, unsigned status = 200) {
  WebResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string metrics(const AgentStatus& status, MetricsFormat format) {
  MetricsText text(format);
  const std::optional<Folded>& folded = status.spool.folded;
  text.family({"meterbill_build", MetricKind::kInfo, "", "What is running"})
      .sample(1, {{"version", status.version}, {"program", "meterbill-agent"}});
  text.single({"meterbill_agent_ready", MetricKind::kGauge, "", "1 when it can do its work"},
              status.ready ? 1 : 0);
  text.single({"meterbill_agent_metering", MetricKind::kGauge, "", "1 while ticks are metered"},
              status.tick_state == TickState::kMetered ? 1 : 0);
  text.single({"meterbill_agent_steps_back", MetricKind::kCounter, "",
               "Times a counter of the host fell and was held"},
              status.steps_back);
  text.single({"meterbill_agent_readings_quarantined", MetricKind::kCounter, "",
               "Readings the worker put into quarantine, in this run"},
              status.sending.quarantined);
  text.single({"meterbill_spool_records", MetricKind::kGauge, "", "Rows waiting to be sent"},
              status.spool.waiting);
  text.single({"meterbill_spool_kept_records", MetricKind::kGauge, "", "Rows in the spool"},
              status.spool.kept);
  text.single({"meterbill_spool_aside_records", MetricKind::kGauge, "", "Rows refused for good"},
              status.spool.aside);
  text.single({"meterbill_spool_folded_records", MetricKind::kCounter, "",
               "Rows booked in `other` because the spool was nearly full"},
              folded ? folded->rows : 0);
  text.single({"meterbill_spool_folding", MetricKind::kGauge, "",
               "1 while small scopes are booked in `other`"},
              folded && folded->going_on_since ? 1 : 0);
  text.single(
      {"meterbill_agent_sink_reachable", MetricKind::kGauge, "", "0 while the sink takes nothing"},
      status.sending.outage ? 0 : 1);
  text.single({"meterbill_agent_clock_alarm", MetricKind::kGauge, "",
               "1 while this clock differs from the worker's by more than 30 s"},
              status.sending.clock_ahead_us ? 1 : 0);
  text.single({"meterbill_agent_paused", MetricKind::kGauge, "", "1 while sending is paused"},
              status.paused ? 1 : 0);
  return text.take();
}

WebResponse metrics_answer(const AgentStatus& status, const WebRequest& request) {
  const MetricsFormat format = choose_metrics_format(request.accept);
  WebResponse response = json_answer(metrics(status, format));
  response.content_type = content_type(format);
  return response;
}

WebResponse readiness(const AgentStatus& status) {
  JsonWriter json;
  json.begin_object().boolean("ready", status.ready).string("reason", status.reason).end_object();
  return json_answer(json.take(), status.ready ? 200 : 503);
}

WebResponse send(Agent& agent, const WebRequest& request) {
  if (agent.status().paused)
    return json_error(409, "paused", "sending is paused: `meterbill agent resume` goes on with it");
  JsonWriter json;
  json.begin_object().boolean("done", true);
  if (request.query.contains("again")) {
    const auto rows = agent.send_again();
    if (!rows) return json_busy(rows.error().message, 5);
    json.integer("rows", rows.value());
  }
  json.integer("number", agent.send_now()).end_object();
  return json_answer(json.take());
}

/// Without the fraction of its second.
std::string second_text(UtcTime time) {
  return to_string(UtcTime{time.us / 1'000'000 * 1'000'000});
}

/// To the minute beyond one: the line would otherwise be another one every second.
std::string acknowledged_text(const AgentStatus& status) {
  if (!status.sending.last_acknowledged) return "";
  const std::int64_t ago_s = (status.now.us - status.sending.last_acknowledged->us) / 1'000'000;
  if (ago_s < 60) return ", acknowledged less than a minute ago";
  return fmt::format(", acknowledged {} min ago", ago_s / 60);
}

}  // namespace

std::vector<WebRoute> agent_routes(const AgentApiParts& parts) {
  std::vector<WebRoute> routes;
  const auto get = [&](std::string pattern, std::function<WebResponse(const WebRequest&)> answer) {
    routes.push_back(
        {"GET", std::move(pattern),
         [answer = std::move(answer)](const WebRequest& request, const PathValues&,
                                      const Respond& respond) { respond(answer(request)); }});
  };
  const auto post = [&](std::string pattern, std::function<WebResponse(const WebRequest&)> change,
                        std::vector<std::string> parameters = {}) {
    routes.push_back(
        {"POST", std::move(pattern),
         [change = std::move(change)](const WebRequest& request, const PathValues&,
                                      const Respond& respond) { respond(change(request)); },
         WebAccess::kControlOnly, std::move(parameters)});
  };
  Agent& agent = parts.agent;
  get("/healthz", [&agent](const WebRequest&) {
    const AgentStatus status = agent.status();
    return status.is_alive ? json_answer("{\"status\":\"ok\"}")
                           : json_error(503, "unavailable", status.reason);
  });
  get("/readyz", [&agent](const WebRequest&) { return readiness(agent.status()); });
  get("/version", [parts](const WebRequest&) { return json_answer(parts.version_json); });
  get("/metrics",
      [&agent](const WebRequest& request) { return metrics_answer(agent.status(), request); });
  get("/api/v1/status",
      [&agent](const WebRequest&) { return json_answer(to_json(agent.status())); });
  post("/api/v1/pause", [&agent](const WebRequest&) {
    agent.pause();
    return json_answer("{\"done\":true}");
  });
  post("/api/v1/resume", [&agent](const WebRequest&) {
    agent.resume();
    return json_answer("{\"done\":true}");
  });
  post("/api/v1/send", [&agent](const WebRequest& request) { return send(agent, request); },
       {"again"});
  return routes;
}

std::string status_line(const AgentStatus& status) {
  if (!status.ready) return "not ready: " + status.reason;
  const std::string waiting = fmt::format("{} reading{} waiting", status.spool.waiting,
                                          status.spool.waiting == 1 ? "" : "s");
  const std::string to = " for " + status.sink;
  const std::string acknowledged = acknowledged_text(status);
  if (status.paused) return "ready, sending paused: " + waiting + to + acknowledged;
  if (!status.sending.outage) return "ready: " + waiting + to + acknowledged;
  const Outage& outage = *status.sending.outage;
  // The line is short: who says what failed mostly names the place, too.
  const bool names_sink = outage.detail.find(status.sink) != std::string::npos;
  return fmt::format("ready, but unreachable since {}: {}{}{}{}: {}", second_text(outage.since),
                     waiting, names_sink ? "" : to, acknowledged,
                     status.next_try ? ", next try " + second_text(*status.next_try) : "",
                     outage.detail);
}

}  // namespace meterbill
