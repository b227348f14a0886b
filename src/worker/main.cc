// meterbill-worker: wiring only. What it does stands in worker.h; the outside world in
// src/adapters.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <optional>
#include <stop_token>

#include "adapters/http/http_server.h"
#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_source.h"
#include "adapters/openssl/sha256.h"
#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/time_zone/host_time_zones.h"
#include "base/build_info.h"
#include "cli/command.h"
#include "cli/start_program.h"
#include "cli/version_command.h"
#include "config/load_prices.h"
#include "config/option_table.h"
#include "config/worker_config.h"
#include "ports/query_pool.h"
#include "service/folder.h"
#include "service/library_versions.h"
#include "service/log_sinks.h"
#include "service/process.h"
#include "service/service_log.h"
#include "service/service_signals.h"
#include "service/systemd_host.h"
#include "worker/coverage_watch.h"
#include "worker/worker_api.h"
#include "worker/worker_log.h"
#include "worker/worker_metrics.h"

namespace meterbill {
namespace {

constexpr std::size_t kQueryThreads = 2;
/// One for each query thread, and one to look at the coverage with.
constexpr std::size_t kReaders = kQueryThreads + 1;
constexpr std::size_t kQueriesWaitingMax = 64;
constexpr std::chrono::milliseconds kStopGrace{5'000};

Result<std::unique_ptr<KafkaSource>> open_kafka(const WorkerConfig& config) {
  if (!config.kafka_url) return std::unique_ptr<KafkaSource>();
  return KafkaSource::create(
      {broker_list(*config.kafka_url), config.kafka_url->topic, config.kafka});
}

HttpServerOptions server_options(const WorkerConfig& config) {
  HttpServerOptions options;
  if (config.http.listen) options.listen = to_text(*config.http.listen);
  options.control_path = config.control;
  options.allowed_hosts = config.http.allowed_hosts;
  options.allow_remote = true;  // the configuration has refused it unless http.insecure is set
  options.limits.connections_max = static_cast<std::size_t>(config.http.connections_max);
  options.limits.answer = std::chrono::minutes(10);  // of a whole fleet's usage
  return options;
}

std::string status_line(const WorkerStatus& status) {
  if (!status.ready) return "not ready: " + status.reason;
  return fmt::format("ready: {} machine{}, {} commit{}", status.machines,
                     status.machines == 1 ? "" : "s", status.commits,
                     status.commits == 1 ? "" : "s");
}

/// What `serve` works with. Borrowed.
struct Opened {
  SqliteLedger& ledger;
  std::vector<std::unique_ptr<LedgerReader>>& readers;  ///< kReaders
  const LoadedPrices& prices;
  PriceUse& price_use;
  Worker& worker;
  HttpSource& http;
  WorkerLog& events;
  std::string path;  ///< of the ledger
};

LedgerApiParts api_parts(const Opened& opened, const Queries& queries, const Clock& clock,
                         QueryPool& pool, const CoverageWatch& coverage) {
  return {.queries = queries,
          .clock = clock,
          .version = std::string(build_info().version),
          .sha256_hex = sha256_hex,
          .ask =
              [&pool, &readers = opened.readers](auto answer, const Respond& respond) {
                pool.run([&readers, answer = std::move(answer)](
                             std::size_t thread) { return answer(*readers[thread]); },
                         respond);
              },
          .status = [&worker = opened.worker](LedgerReader&) { return worker.status(); },
          .warnings = [&price_use = opened.price_use] { return price_use.warnings(); },
          .started = clock.now().utc,
          .coverage = [&coverage] { return coverage.newest(); },
          .damaged = [&worker = opened.worker](const Error& error) { worker.give_up(error); }};
}

/// Answers and applies until a signal ends it or the ledger can no longer be trusted.
Result<void> serve(const WorkerConfig& config, const Clock& clock, Log& log,
                   ServiceLog& service_log, const Opened& opened,
                   std::optional<SignalThread>& starting) {
  Worker& worker = opened.worker;
  const Queries queries(opened.prices.book, {opened.prices.name, opened.prices.digest});
  EventsEndpoint endpoint(clock, opened.http);
  QueryPool pool(kQueryThreads, kQueriesWaitingMax);
  Backup backup(opened.ledger, worker, clock, opened.events);
  CoverageWatch coverage(queries, *opened.readers.back(), clock,
                         [&worker](const Error& error) { worker.give_up(error); });
  HttpServer* server_for_metrics = nullptr;
  const std::string version(build_info().version);
  const auto metrics = [&](MetricsFormat format) {
    const HttpStats stats =
        server_for_metrics == nullptr ? HttpStats{} : server_for_metrics->stats();
    return worker_metrics(worker.status(), coverage.newest().get(),
                          {stats.connections_open, stats.requests, stats.requests_refused}, version,
                          format);
  };
  Router router(worker_routes({.worker = worker,
                               .backup = backup,
                               .ledger = api_parts(opened, queries, clock, pool, coverage),
                               .events = endpoint,
                               .version_json = version_json(library_versions()),
                               .metrics = metrics}));
  MB_TRY(const auto server, in("listen", HttpServer::start(server_options(config), clock, router)));
  server_for_metrics = server.get();
  SystemdHost host(clock);
  std::stop_source stop;
  starting.reset();
  const auto state = [&worker] {
    const WorkerStatus status = worker.status();
    return ServiceState{status_line(status), status.is_alive, status.ready};
  };
  MB_TRY(const SignalThread signals,
         start_service_signals({stop, log, service_log, host, state,
                                [&worker] { return status_line(worker.status()); }}));
  log.info("worker started", {{"VERSION", version},
                              {"LEDGER", opened.path},
                              {"LISTEN", config.http.listen ? to_text(*config.http.listen) : "off"},
                              {"PRICES", opened.prices.name}});
  Result<void> ran = worker.run(stop.get_token());
  host.stopping();
  backup.stop();
  coverage.stop();
  opened.http.stop();
  pool.stop();
  server->stop(kStopGrace);
  service_log.summarise_all();
  log.info("worker stopped", {});
  return ran;
}

LedgerLimits ledger_limits(const WorkerConfig& config) {
  LedgerLimits limits;
  limits.quarantine_bytes_max = config.quarantine_max_bytes;
  limits.evidence_keep_us = config.evidence_keep.count();
  limits.evidence_bytes_max = config.evidence_max_bytes;
  limits.event_reach_back_us = config.usage_reach_back.count();
  return limits;
}

/// The parts of a running worker, in the order they are made; torn down the other way round.
Result<void> run(const WorkerConfig& config, const Clock& clock, Log& log,
                 ServiceLog& service_log) {
  // Whatever the start waits for: nothing of it needs an end in order.
  MB_TRY(std::optional<SignalThread> starting, SignalThread::start({}));
  const HostTimeZones zones(sha256_hex);
  MB_TRY(const LoadedPrices prices, load_prices(config.prices, zones, sha256_hex));
  const std::string path = (std::filesystem::path(config.state_dir) / "ledger.db").string();
  MB_TRYV(in("open " + path, prepare_folder(config.state_dir, "worker.state_dir")));
  MB_TRYV(prepare_folder_of(config.control, "worker.control"));
  MB_TRY(const auto ledger,
         in("open ledger", SqliteLedger::open(path, ledger_limits(config), clock)));
  std::vector<std::unique_ptr<LedgerReader>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    MB_TRY(auto reader, SqliteLedgerReader::open(path));
    readers.push_back(std::move(reader));
  }
  HttpSource http;
  MB_TRY(const auto kafka, open_kafka(config));
  std::vector<Source*> sources{&http};
  if (kafka) sources.push_back(kafka.get());
  PriceUse price_use(prices.book, sha256_hex);
  WorkerLog events(log);
  Worker worker(*ledger, clock,
                [&book = prices.book](const MeterName& meter, Slot slot) {
                  return book.segment_start(meter, slot);
                },
                sha256_hex(prices.book.segments_text()), price_use, events, sources,
                {.batch_max = static_cast<std::size_t>(config.batch_max),
                 .batch_age_us = config.batch_age.count()});
  if (auto read = in("read ledger", worker.open()); !read)
    return with_restore_commands(std::move(read).error(), path);
  for (const std::string& warning : price_use.warnings()) log.warning(warning);
  auto served = serve(config, clock, log, service_log,
                      {*ledger, readers, prices, price_use, worker, http, events, path}, starting);
  if (!served) return with_restore_commands(std::move(served).error(), path);
  return ok();
}

int main_of(int argc, char** argv) {
  const Terminal terminal{
      .in = std::cin, .out = std::cout, .err = std::cerr, .colour = wants_colour()};
  const OptionTable& table = worker_options();
  const auto fail_with = [&](const Error& error) { return report(error, terminal, table.program); };
  if (const auto blocked = block_signals(); !blocked) return fail_with(blocked.error());
  keep_files_private();
  const auto start =
      start_program(table, {argv + (argc > 0 ? 1 : 0), argv + argc}, process_environment(),
                    check_kafka_property, worker_problems, terminal);
  const auto* started = std::get_if<StartedProgram>(&start);
  if (started == nullptr) return std::get<int>(start);
  const auto config = make_worker_config(started->settings);
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
