// meterbill-agent: wiring only. What it does stands in agent.h; the outside world in src/adapters.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <optional>
#include <random>
#include <stop_token>
#include <variant>

#include "adapters/host/host_meters.h"
#include "adapters/http/http_server.h"
#include "adapters/http/http_sink.h"
#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_sink.h"
#include "adapters/sqlite/sqlite_spool.h"
#include "agent/agent.h"
#include "agent/agent_api.h"
#include "agent/agent_log.h"
#include "agent/agent_log_events.h"
#include "agent/outside_view.h"
#include "base/build_info.h"
#include "cli/command.h"
#include "cli/service_control.h"
#include "cli/start_program.h"
#include "cli/version_command.h"
#include "config/agent_config.h"
#include "config/option_table.h"
#include "config/text_file.h"
#include "service/error_stream.h"
#include "service/folder.h"
#include "service/inherited_socket.h"
#include "service/library_versions.h"
#include "service/log_sinks.h"
#include "service/process.h"
#include "service/service_log.h"
#include "service/service_program.h"
#include "service/service_signals.h"

namespace meterbill {
namespace {

constexpr std::chrono::milliseconds kStopGrace{2'000};
constexpr std::int64_t kPageBytes = 4'096;
constexpr std::size_t kViewBytesMax = 4'096;

Result<std::unique_ptr<Sink>> open_sink(const AgentConfig& config) {
  if (const auto* url = std::get_if<KafkaUrl>(&config.sink)) {
    MB_TRY(auto sink, KafkaSink::create({broker_list(*url), url->topic, config.kafka}));
    return std::unique_ptr<Sink>(std::move(sink));
  }
  MB_TRY(HttpAddress address, HttpAddress::parse(to_text(std::get<HttpUrl>(config.sink))));
  HttpSinkOptions options;
  options.route.ca_file = config.ca_file;
  if (config.http_proxy) {
    MB_TRY(options.route.proxy, HttpAddress::parse(to_text(*config.http_proxy)));
  }
  return std::unique_ptr<Sink>(std::make_unique<HttpSink>(std::move(address), options));
}

HttpServerOptions server_options(const AgentConfig& config, std::optional<int> control_socket) {
  HttpServerOptions options;
  if (config.http.listen) options.listen = to_text(*config.http.listen);
  options.control_path = config.control;
  options.control_descriptor = control_socket;
  options.allowed_hosts = config.http.allowed_hosts;
  options.allow_remote = true;  // the configuration has refused it unless http.insecure is set
  options.limits.connections_max = static_cast<std::size_t>(config.http.connections_max);
  return options;
}

/// Random numbers for epochs and jitter, from the system: two machines made from one image differ.
std::uint64_t system_random() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

/// The text of what the unit noted, against what this process sees.
Result<void> look_whether_all_is_seen(const AgentConfig& config, const Clock& clock) {
  if (config.outside_view.empty()) return ok();
  const std::string what = "agent.outside_view " + config.outside_view;
  MB_TRY(const std::string text, in(what, read_text_file(config.outside_view, kViewBytesMax)));
  MB_TRY(const OutsideView outside, in(what, parse_outside_view(text)));
  HostMeters meters(config.source_root);
  MB_TRY(const OutsideView inside, look_around(meters, clock));
  return in(what, compare_views(outside, inside));
}

/// What the parts of a running agent share. Borrowed.
struct Surroundings {
  const StartedProgram& started;
  const AgentConfig& config;
  const Clock& clock;
  ServiceLog& log;
  ServiceHost& host;
  std::optional<int> control_socket;
};

/// Takes over what a reload may change.
Result<std::vector<std::string>> take_over(const Settings& next, Agent& agent, ServiceLog& log) {
  MB_TRY(const AgentConfig config, make_agent_config(next, host_name()));
  agent.set_interval(config.interval.count());
  log.set_level(config.log_level);
  return std::vector<std::string>();
}

/// Answers and meters until a signal ends it.
Result<void> serve(const Surroundings& around, Agent& agent,
                   std::optional<SignalThread>& starting) {
  const AgentConfig& config = around.config;
  ServiceLog& log = around.log;
  ServiceControl control(
      {.table = agent_options(),
       .started = around.started,
       .log = log,
       .set_level = [&log](LogLevel level) { log.set_level(level); },
       .take = [&](const Settings& next) { return take_over(next, agent, log); }});
  std::vector<WebRoute> routes = agent_routes(
      {.agent = agent, .clock = around.clock, .version_json = version_json(library_versions())});
  for (WebRoute& route : control.routes()) routes.push_back(std::move(route));
  Router router(std::move(routes));
  MB_TRY(const auto server,
         in("listen", HttpServer::start(server_options(config, around.control_socket), around.clock,
                                        router)));
  std::stop_source stop;
  starting.reset();
  const auto state = [&agent, &control] {
    const AgentStatus status = agent.status();
    return ServiceState{.line = status_line(status),
                        .is_alive = status.is_alive,
                        .is_ready = status.ready,
                        .waits_outside = status.waits_outside,
                        .is_reloading = control.is_reloading()};
  };
  MB_TRY(const SignalThread signals,
         start_service_signals({.stop = stop,
                                .log = log,
                                .service_log = log,
                                .host = around.host,
                                .state = state,
                                .dump = [&agent] { return status_line(agent.status()); },
                                .reload = [&control] { control.reload_soon(); }}));
  log.write(agent_event::kStarted,
            {{"VERSION", std::string(build_info().version)},
             {"MACHINE", config.machine_id.str()},
             {"SINK", agent.status().sink},
             {"LISTEN", config.http.listen ? to_text(*config.http.listen) : "off"}});
  agent.run(stop.get_token());
  around.host.stopping();
  control.stop();
  server->stop(kStopGrace);
  log.summarise_all();
  log.write(agent_event::kStopped);
  return ok();
}

Result<void> run(const Surroundings& around) {
  const AgentConfig& config = around.config;
  const Clock& clock = around.clock;
  StartProgress progress;
  MB_TRY(std::optional<SignalThread> starting, start_reporting(around.host, progress));
  MB_TRYV(look_whether_all_is_seen(config, clock));
  const std::string path = (std::filesystem::path(config.state_dir) / "spool.db").string();
  MB_TRYV(in("open " + path, prepare_folder(config.state_dir, "agent.state_dir")));
  if (!around.control_socket) {
    MB_TRYV(prepare_folder_of(config.control, "agent.control"));
  }
  progress.at("opening the spool");
  MB_TRY(auto opened,
         in("open spool", SqliteSpool::open(path,
                                            {.page_count_max = config.spool_max_bytes / kPageBytes,
                                             .machine = config.machine_id},
                                            clock.now().utc)));
  AgentLog events(around.log);
  MB_TRY(const auto sink, open_sink(config));
  HostMeters meters(config.source_root);
  ConditionWaiter tick_waiter;
  ConditionWaiter send_waiter;
  Agent agent(
      {.machine = config.machine_id,
       .labels = config.labels,
       .interval_us = config.interval.count(),
       .built = build_info().time,
       .damaged_spool = opened.damaged,
       .version = std::string(build_info().version)},
      {.meters = meters,
       .clock = clock,
       .spool = *opened.spool,
       .sink = *sink,
       .events = events,
       .tick_waiter = tick_waiter,
       .send_waiter = send_waiter,
       .encode = encode,
       .random = system_random,
       .how_it_ends = [] { return host_is_going_down() ? EndMark::kHost : EndMark::kOperator; }});
  MB_TRYV(in("start", agent.open()));
  return serve(around, agent, starting);
}

Result<void> start(const StartedProgram& started, const Clock& clock, LogSink& sink) {
  MB_TRY(const AgentConfig config, make_agent_config(started.settings, host_name()));
  MB_TRY(const auto control_socket, inherited_socket(config.control, "agent.control"));
  ServiceLog log(clock, sink, config.log_level);
  const auto host = make_service_host(clock);
  return run({started, config, clock, log, *host, control_socket});
}

int main_of(int argc, char** argv) {
  const OptionTable& table = agent_options();
  const SystemClock clock;
  const auto sink = standard_error_sink(std::string(table.program));
  ErrorStream journal(*sink, clock);
  const Terminal terminal{.in = std::cin,
                          .out = std::cout,
                          .err = error_is_journal() ? journal : std::cerr,
                          .colour = wants_colour()};
  const auto fail_with = [&](const Error& error) { return report(error, terminal, table.program); };
  if (const auto blocked = block_signals(); !blocked) return fail_with(blocked.error());
  keep_files_private();
  const auto together = [](const Settings& settings) {
    return agent_problems(settings, host_name());
  };
  const auto told = start_program(table, {argv + (argc > 0 ? 1 : 0), argv + argc},
                                  process_environment(), check_kafka_property, together, terminal);
  const auto* started = std::get_if<StartedProgram>(&told);
  if (started == nullptr) return std::get<int>(told);
  const auto ran = start(*started, clock, *sink);
  return ran ? kExitOk : fail_with(ran.error());
}

}  // namespace
}  // namespace meterbill

int main(int argc, char** argv) {
  return meterbill::run_service_program("MeterBillAgent", meterbill::main_of, argc, argv);
}
