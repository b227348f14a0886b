// meterbill-worker: wiring only. What it does stands in worker.h; the outside world in
// src/adapters.
#include <fmt/format.h>

#include <atomic>
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
#include "base/guarded.h"
#include "cli/command.h"
#include "cli/service_control.h"
#include "cli/start_program.h"
#include "cli/version_command.h"
#include "config/load_prices.h"
#include "config/option_table.h"
#include "config/worker_config.h"
#include "ports/current_app.h"
#include "ports/query_pool.h"
#include "service/error_stream.h"
#include "service/folder.h"
#include "service/inherited_socket.h"
#include "service/library_versions.h"
#include "service/log_sinks.h"
#include "service/process.h"
#include "service/service_log.h"
#include "service/service_program.h"
#include "service/service_signals.h"
#include "worker/coverage_watch.h"
#include "worker/worker_api.h"
#include "worker/worker_log.h"
#include "worker/worker_log_events.h"
#include "worker/worker_metrics.h"
#include "worker/worker_status_line.h"

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

HttpServerOptions server_options(const WorkerConfig& config, std::optional<int> control_socket) {
  HttpServerOptions options;
  if (config.http.listen) options.listen = to_text(*config.http.listen);
  options.control_path = config.control;
  options.control_descriptor = control_socket;
  options.allowed_hosts = config.http.allowed_hosts;
  options.allow_remote = true;  // the configuration has refused it unless http.insecure is set
  options.limits.connections_max = static_cast<std::size_t>(config.http.connections_max);
  options.limits.answer = std::chrono::minutes(10);  // of a whole fleet's usage
  return options;
}

using SharedPrices = std::shared_ptr<const LoadedPrices>;

/// The worker keeps the book alive as long as it uses it.
WorkerPrices for_worker(const SharedPrices& prices) {
  return {prices->book,
          [prices](const MeterName& meter, Slot slot) {
            return prices->book.segment_start(meter, slot);
          },
          sha256_hex(prices->book.segments_text())};
}

/// All that answers with one price book.
class Answering final : public WebApp {
 public:
  explicit Answering(SharedPrices prices)
      : prices_(std::move(prices)), queries_(prices_->book, {prices_->name, prices_->digest}) {}

  [[nodiscard]] const LoadedPrices& prices() const { return *prices_; }
  [[nodiscard]] const Queries& queries() const { return queries_; }
  void route(std::vector<WebRoute> routes) { router_.emplace(std::move(routes)); }
  void handle(WebRequest request, Respond respond) override {
    router_->handle(std::move(request), std::move(respond));
  }

 private:
  SharedPrices prices_;
  Queries queries_;
  std::optional<Router> router_;
};

/// What the parts of a running worker share. Borrowed.
struct Surroundings {
  const StartedProgram& started;
  const WorkerConfig& config;
  const Clock& clock;
  ServiceLog& log;
  ServiceHost& host;
  const TimeZoneDatabase& zones;
  std::optional<int> control_socket;
};

/// What `Serving` works with. Borrowed.
struct Opened {
  SqliteLedger& ledger;
  std::vector<std::unique_ptr<LedgerReader>>& readers;  ///< kReaders
  PriceUse& price_use;
  Worker& worker;
  HttpSource& http;
  WorkerLog& events;
  std::string path;  ///< of the ledger
};

void tell_of_prices(const PriceUse& price_use, Log& log) {
  for (const std::string& warning : price_use.warnings())
    log.write(worker_event::kPriceChanged, {{"DETAIL", warning, true}});
}

/// A worker that answers and applies, until a signal ends it or the ledger can no longer be
/// trusted.
class Serving {
 public:
  Serving(const Surroundings& around, const Opened& opened, const SharedPrices& prices)
      : around_(around),
        opened_(opened),
        endpoint_(around.clock, opened.http),
        pool_(kQueryThreads, kQueriesWaitingMax),
        backup_(opened.ledger, opened.worker, around.clock, opened.events),
        control_({.table = worker_options(),
                  .started = around.started,
                  .log = around.log,
                  .set_level = [&log = around.log](LogLevel level) { log.set_level(level); },
                  .take = [this](const Settings& next) { return take_over(next); }}),
        current_(answer_with(prices)),
        app_(current()),
        coverage_(
            [this] {
              const std::shared_ptr<Answering> now = current();
              return std::shared_ptr<const Queries>(now, &now->queries());
            },
            *opened.readers.back(), around.clock,
            [&worker = opened.worker](const Error& error) { worker.give_up(error); }) {}

  Result<void> run(std::optional<SignalThread>& starting) {
    const WorkerConfig& config = around_.config;
    Worker& worker = opened_.worker;
    MB_TRY(server_, in("listen", HttpServer::start(server_options(config, around_.control_socket),
                                                   around_.clock, app_)));
    answering_ = server_.get();
    std::stop_source stop;
    starting.reset();
    const auto state = [this, &worker] {
      const WorkerStatus status = worker.status();
      return ServiceState{.line = status_line(status, around_.clock.now().utc),
                          .is_alive = status.is_alive,
                          .is_ready = status.ready,
                          .waits_outside = status.waits_outside,
                          .is_reloading = control_.is_reloading()};
    };
    MB_TRY(const SignalThread signals,
           start_service_signals({.stop = stop,
                                  .log = around_.log,
                                  .service_log = around_.log,
                                  .host = around_.host,
                                  .state = state,
                                  .dump = [state] { return state().line; },
                                  .reload = [this] { control_.reload_soon(); }}));
    around_.log.write(worker_event::kStarted,
                      {{"VERSION", std::string(build_info().version)},
                       {"LEDGER", opened_.path},
                       {"LISTEN", config.http.listen ? to_text(*config.http.listen) : "off"},
                       {"PRICES", current()->prices().name}});
    Result<void> ran = worker.run(stop.get_token());
    end();
    return ran;
  }

 private:
  [[nodiscard]] std::shared_ptr<Answering> current() const {
    return current_.with([](const std::shared_ptr<Answering>& current) { return current; });
  }

  void end() {
    around_.host.stopping();
    control_.stop();
    backup_.stop();
    coverage_.stop();
    opened_.http.stop();
    pool_.stop();
    server_->stop(kStopGrace);
    around_.log.summarise_all();
    around_.log.write(worker_event::kStopped);
  }

  std::shared_ptr<Answering> answer_with(const SharedPrices& prices) {
    auto answering = std::make_shared<Answering>(prices);
    std::vector<WebRoute> routes =
        worker_routes({.worker = opened_.worker,
                       .backup = backup_,
                       .ledger = api_parts(*answering),
                       .events = endpoint_,
                       .version_json = version_json(library_versions()),
                       .metrics = [this](MetricsFormat format) { return metrics(format); }});
    for (WebRoute& route : control_.routes()) routes.push_back(std::move(route));
    answering->route(std::move(routes));
    return answering;
  }

  LedgerApiParts api_parts(const Answering& answering) {
    return {.queries = answering.queries(),
            .clock = around_.clock,
            .version = std::string(build_info().version),
            .sha256_hex = sha256_hex,
            .ask =
                [this](auto answer, const Respond& respond) {
                  pool_.run([this, answer = std::move(answer)](
                                std::size_t thread) { return answer(*opened_.readers[thread]); },
                            respond);
                },
            .status = [this](LedgerReader&) { return opened_.worker.status(); },
            .warnings = [this] { return opened_.price_use.warnings(); },
            .segments_digest = sha256_hex(answering.prices().book.segments_text()),
            .started = started_,
            .coverage = [this] { return coverage_.newest(); },
            .damaged = [this](const Error& error) { opened_.worker.give_up(error); }};
  }

  std::string metrics(MetricsFormat format) {
    const HttpServer* const server = answering_;
    const HttpStats stats = server == nullptr ? HttpStats() : server->stats();
    return worker_metrics(opened_.worker.status(), coverage_.newest().get(),
                          {stats.connections_open, stats.requests, stats.requests_refused},
                          std::string(build_info().version), format);
  }

  /// Takes over what a reload may change.
  Result<std::vector<std::string>> take_over(const Settings& next) {
    MB_TRY(const WorkerConfig config, make_worker_config(next));
    MB_TRY(LoadedPrices loaded,
           in("worker.prices", load_prices(config.prices, around_.zones, sha256_hex)));
    std::vector<std::string> besides;
    const std::shared_ptr<Answering> before = current();
    if (loaded.digest != before->prices().digest || loaded.name != before->prices().name) {
      MB_TRYV(change_prices(std::make_shared<const LoadedPrices>(std::move(loaded))));
      besides.emplace_back("prices");
    }
    around_.log.set_level(config.log_level);
    return besides;
  }

  Result<void> change_prices(const SharedPrices& prices) {
    const std::shared_ptr<Answering> next = answer_with(prices);
    MB_TRYV(opened_.worker.change_prices(for_worker(prices), [&] {
      current_.with([&](std::shared_ptr<Answering>& current) { current = next; });
      app_.replace(next);
    }));
    tell_of_prices(opened_.price_use, around_.log);
    return ok();
  }

  const Surroundings& around_;
  const Opened& opened_;
  const UtcTime started_ = around_.clock.now().utc;
  EventsEndpoint endpoint_;
  QueryPool pool_;
  Backup backup_;
  ServiceControl control_;
  Guarded<std::shared_ptr<Answering>> current_;
  CurrentApp app_;
  CoverageWatch coverage_;
  /// The server once it has started: it answers before `start` has returned it.
  std::atomic<const HttpServer*> answering_ = nullptr;
  std::unique_ptr<HttpServer> server_;  ///< the last member: asks nobody any more when they go
};

LedgerLimits ledger_limits(const WorkerConfig& config) {
  LedgerLimits limits;
  limits.quarantine_bytes_max = config.quarantine_max_bytes;
  limits.evidence_keep_us = config.evidence_keep.count();
  limits.evidence_bytes_max = config.evidence_max_bytes;
  limits.event_reach_back_us = config.usage_reach_back.count();
  return limits;
}

/// The parts of a running worker, in the order they are made; torn down the other way round.
Result<void> run(const Surroundings& around) {
  const WorkerConfig& config = around.config;
  const Clock& clock = around.clock;
  StartProgress progress;
  MB_TRY(std::optional<SignalThread> starting, start_reporting(around.host, progress));
  MB_TRY(LoadedPrices loaded,
         in("worker.prices", load_prices(config.prices, around.zones, sha256_hex)));
  const auto prices = std::make_shared<const LoadedPrices>(std::move(loaded));
  const std::string path = (std::filesystem::path(config.state_dir) / "ledger.db").string();
  MB_TRYV(in("open " + path, prepare_folder(config.state_dir, "worker.state_dir")));
  if (!around.control_socket) {
    MB_TRYV(prepare_folder_of(config.control, "worker.control"));
  }
  MB_TRY(const auto ledger,
         in("open ledger", SqliteLedger::open(path, ledger_limits(config), clock, &progress)));
  std::vector<std::unique_ptr<LedgerReader>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    MB_TRY(auto reader, SqliteLedgerReader::open(path));
    readers.push_back(std::move(reader));
  }
  HttpSource http;
  MB_TRY(const auto kafka, open_kafka(config));
  std::vector<Source*> sources{&http};
  if (kafka) sources.push_back(kafka.get());
  PriceUse price_use(prices->book, sha256_hex);
  WorkerLog events(around.log);
  const WorkerPrices first = for_worker(prices);
  Worker worker(*ledger, clock, first.segment_of, first.segments_digest, price_use, events, sources,
                {.batch_max = static_cast<std::size_t>(config.batch_max),
                 .batch_age_us = config.batch_age.count()});
  if (auto read = in("read ledger", worker.open(&progress)); !read)
    return with_restore_commands(std::move(read).error(), path);
  tell_of_prices(price_use, around.log);
  const Opened opened{*ledger, readers, price_use, worker, http, events, path};
  if (auto served = Serving(around, opened, prices).run(starting); !served)
    return with_restore_commands(std::move(served).error(), path);
  return ok();
}

Result<void> start(const StartedProgram& started, const Clock& clock, LogSink& sink) {
  MB_TRY(const WorkerConfig config, make_worker_config(started.settings));
  MB_TRY(const auto control_socket, inherited_socket(config.control, "worker.control"));
  const HostTimeZones zones(sha256_hex);
  ServiceLog log(clock, sink, config.log_level);
  const auto host = make_service_host(clock);
  return run({started, config, clock, log, *host, zones, control_socket});
}

int main_of(int argc, char** argv) {
  const OptionTable& table = worker_options();
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
  const auto told =
      start_program(table, {argv + (argc > 0 ? 1 : 0), argv + argc}, process_environment(),
                    check_kafka_property, worker_problems, terminal);
  const auto* started = std::get_if<StartedProgram>(&told);
  if (started == nullptr) return std::get<int>(told);
  const auto ran = start(*started, clock, *sink);
  return ran ? kExitOk : fail_with(ran.error());
}

}  // namespace
}  // namespace meterbill

int main(int argc, char** argv) {
  return meterbill::run_service_program("MeterBillWorker", meterbill::main_of, argc, argv);
}
