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
#include "base/build_info.h"
#include "cli/command.h"
#include "cli/start_program.h"
#include "cli/version_command.h"
#include "config/agent_config.h"
#include "config/option_table.h"
#include "service/folder.h"
#include "service/library_versions.h"
#include "service/log_sinks.h"
#include "service/process.h"
#include "service/service_log.h"
#include "service/service_signals.h"
#include "service/systemd_host.h"

namespace meterbill {
namespace {

constexpr std::chrono::milliseconds kStopGrace{2'000};
constexpr std::int64_t kPageBytes = 4'096;

Result<std::unique_ptr<Sink>> open_sink(const AgentConfig& config) {
  if (const auto* url = std::get_if<KafkaUrl>(&config.sink)) {
    MB_TRY(auto sink, KafkaSink::create({broker_list(*url), url->topic, config.kafka}));
    return std::unique_ptr<Sink>(std::move(sink));
  }
  MB_TRY(HttpAddress address, HttpAddress::parse(to_text(std::get<HttpUrl>(config.sink))));
  return std::unique_ptr<Sink>(std::make_unique<HttpSink>(std::move(address)));
}

HttpServerOptions server_options(const AgentConfig& config) {
  HttpServerOptions options;
  if (config.http.listen) options.listen = to_text(*config.http.listen);
  options.control_path = config.control;
  options.allowed_hosts = config.http.allowed_hosts;
  options.allow_remote = true;  // the configuration has refused it unless http.insecure is set
  options.limits.connections_max = static_cast<std::size_t>(config.http.connections_max);
  return options;
}

/// Random numbers for epochs and jitter, from the system: two machines made from one image differ.
std::uint64_t system_random() {
  thread_local std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

/// Answers and meters until a signal ends it.
Result<void> serve(const AgentConfig& config, const Clock& clock, Log& log, ServiceLog& service_log,
                   Agent& agent, std::optional<SignalThread>& starting) {
  const std::string version(build_info().version);
  Router router(agent_routes(
      {.agent = agent, .clock = clock, .version_json = version_json(library_versions())}));
  MB_TRY(const auto server, in("listen", HttpServer::start(server_options(config), clock, router)));
  SystemdHost host(clock);
  std::stop_source stop;
  starting.reset();
  MB_TRY(const SignalThread signals,
         start_service_signals({.stop = stop,
                                .log = log,
                                .service_log = service_log,
                                .host = host,
                                .state =
                                    [&agent] {
                                      const AgentStatus status = agent.status();
                                      return ServiceState{.line = status_line(status),
                                                          .is_ready = status.ready};
                                    },
                                .dump = [&agent] { return to_json(agent.status()); }}));
  log.info("agent started",
           {{"VERSION", version},
            {"MACHINE", config.machine_id.str()},
            {"SINK", agent.status().sink},
            {"LISTEN", config.http.listen ? to_text(*config.http.listen) : "off"}});
  agent.run(stop.get_token());
  host.stopping();
  server->stop(kStopGrace);
  service_log.summarise_all();
  log.info("agent stopped", {});
  return ok();
}

Result<void> run(const AgentConfig& config, const Clock& clock, Log& log, ServiceLog& service_log) {
  // Whatever the start waits for: nothing of it needs an end in order.
  MB_TRY(std::optional<SignalThread> starting, SignalThread::start({}));
  const std::string path = (std::filesystem::path(config.state_dir) / "spool.db").string();
  MB_TRYV(in("open " + path, prepare_folder(config.state_dir, "agent.state_dir")));
  MB_TRYV(prepare_folder_of(config.control, "agent.control"));
  MB_TRY(auto opened,
         in("open spool", SqliteSpool::open(path,
                                            {.page_count_max = config.spool_max_bytes / kPageBytes,
                                             .machine = config.machine_id},
                                            clock.now().utc)));
  AgentLog events(log);
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
  return serve(config, clock, log, service_log, agent, starting);
}

int main_of(int argc, char** argv) {
  const Terminal terminal{
      .in = std::cin, .out = std::cout, .err = std::cerr, .colour = wants_colour()};
  const OptionTable& table = agent_options();
  const auto fail_with = [&](const Error& error) { return report(error, terminal, table.program); };
  if (const auto blocked = block_signals(); !blocked) return fail_with(blocked.error());
  keep_files_private();
  const auto together = [](const Settings& settings) {
    return agent_problems(settings, host_name());
  };
  const auto start = start_program(table, {argv + (argc > 0 ? 1 : 0), argv + argc},
                                   process_environment(), check_kafka_property, together, terminal);
  const auto* started = std::get_if<StartedProgram>(&start);
  if (started == nullptr) return std::get<int>(start);
  const auto config = make_agent_config(started->settings, host_name());
  if (!config) return fail_with(config.error());
  const SystemClock clock;
  const auto sink = standard_error_sink(std::string(table.program));
  ServiceLog log(clock, *sink, config.value().log_level);
  const auto ran = run(config.value(), clock, log, log);
  return ran ? kExitOk : fail_with(ran.error());
}

}  // namespace
}  // namespace meterbill

int main(int argc, char** argv) { return meterbill::main_of(argc, argv); }
