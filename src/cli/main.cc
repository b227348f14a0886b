// meterbill: wiring only. Each command stands in a file of its own.
#include <iostream>
#include <random>

#include "adapters/host/host_meters.h"
#include "adapters/http/http_client.h"
#include "adapters/http/http_rules.h"
#include "adapters/http/http_sink.h"
#include "adapters/kafka/kafka_check.h"
#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_sink.h"
#include "adapters/openssl/sha256.h"
#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/sqlite/sqlite_spool_file.h"
#include "adapters/time_zone/host_time_zones.h"
#include "agent/once.h"
#include "agent/outside_view.h"
#include "base/build_info.h"
#include "cli/cli.h"
#include "cli/command_list.h"
#include "config/load.h"
#include "config/load_prices.h"
#include "config/option_table.h"
#include "config/places.h"
#include "config/print.h"
#include "config/text_file.h"
#include "service/library_versions.h"
#include "service/process.h"
#include "service/public_file.h"
#include "service/service_account.h"
#include "service/service_manager.h"
#include "service/signals.h"
#include "worker/stopped_worker.h"

namespace meterbill {
namespace {

constexpr std::size_t kTextFileBytesMax = std::size_t{256} << 20;
constexpr std::size_t kAnswerBytesMax = std::size_t{128} << 20;

Result<std::string> read_file(const std::string& path) {
  return read_text_file(path, kTextFileBytesMax);
}

/// Where a service of this machine listens, as its own configuration says.
struct Listens {
  std::string http;
  std::string control;
  std::string prices;
  std::string state_dir;
  std::optional<Error> failure;
};

Listens where(const OptionTable& table, const std::string& control_key,
              const std::string& http_default) {
  Listens found{"http://" + http_default, "", "", "", std::nullopt};
  const auto settings = load_settings(
      table, {.config_file = {},
              .default_file = "",
              .environment = process_environment(),
              .command_line = {},
              .check_property = {},
              .check_together = {},
              .secrets = Secrets::kLeave,
              .only = {"http.listen", control_key, "worker.prices", "agent.state_dir"}});
  if (!settings) {
    found.failure = settings.error();
    found.failure->message += "\nso it is not known where " + std::string(table.program) +
                              " is: mend this, or name it with a flag (see --help)";
    return found;
  }
  found.control = "unix:" + settings.value().get<std::string>(control_key);
  const Setting& listen = settings.value().at("http.listen");
  if (const auto* address = std::get_if<HostPort>(&listen.value))
    found.http = "http://" + to_text(*address);
  else
    found.http = found.control;
  if (table.find("worker.prices") != nullptr)
    found.prices = settings.value().get<std::string>("worker.prices");
  if (table.find("agent.state_dir") != nullptr)
    found.state_dir = settings.value().get<std::string>("agent.state_dir");
  return found;
}

Result<ServiceAnswer> ask(const std::string& server, const std::string& method,
                          const std::string& target) {
  MB_TRY(HttpAddress address, HttpAddress::parse(server));
  HttpClientLimits limits;
  limits.request = answer_max(target);
  limits.body_bytes_max = kAnswerBytesMax;
  HttpClient client(std::move(address), limits);
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.repeatable = method == "GET";
  MB_TRY(HttpResponse response, client.send(request));
  return ServiceAnswer{response.status, std::move(response.body)};
}

/// The ledger of a stopped worker, opened by the first question and kept, with the worker kept
/// from starting, until the command ends.
class StoppedLedger {
 public:
  StoppedLedger(const TimeZoneDatabase& zones, const Clock& clock, Listens worker)
      : zones_(zones), clock_(clock), configured_(std::move(worker)) {}

  Result<ServiceAnswer> ask(const LedgerChoice& ledger, const std::string& target) {
    if (!worker_) {
      if (!ledger.prices && configured_.failure) return *configured_.failure;
      MB_TRY(LoadedPrices prices,
             load_prices(ledger.prices.value_or(configured_.prices), zones_, sha256_hex));
      MB_TRY(auto reader, SqliteLedgerReader::open_stopped(ledger.path));
      MB_TRY(worker_, StoppedWorker::open(std::move(reader), std::move(prices), sha256_hex, clock_,
                                          std::string(build_info().version)));
    }
    MB_TRY(HttpTarget parsed, parse_target(target));
    WebRequest request;
    request.method = "GET";
    request.path = std::move(parsed.path);
    request.query = std::move(parsed.query);
    WebResponse response = worker_->answer(std::move(request));
    return ServiceAnswer{response.status, std::move(response.body)};
  }

 private:
  const TimeZoneDatabase& zones_;
  const Clock& clock_;
  Listens configured_;
  std::unique_ptr<StoppedWorker> worker_;
};

Result<std::string> measure(std::int64_t interval_us, bool as_json) {
  const SystemClock clock;
  HostMeters meters;
  ConditionWaiter waiter;
  const std::string name = host_name();
  MB_TRY(const Once once, measure_once(meters, clock, waiter, {}, interval_us));
  const MachineId machine{name.empty() ? "this-machine" : name};
  return as_json ? to_json(once, machine)
                 : to_text(once, machine, utc_offset_minutes(clock.now().utc));
}

Result<std::string> look_outside() {
  const SystemClock clock;
  HostMeters meters;
  MB_TRY(const OutsideView view, look_around(meters, clock));
  return to_text(view);
}

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

std::uint64_t system_random() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

/// Only root may do more than a service, and only an installed service has its user.
std::optional<ServiceReach> reach_of(const std::string& program) {
  if (!is_root()) return std::nullopt;
  const auto user = find_user(program);
  if (!user) return std::nullopt;
  return ServiceReach{
      .account = {program, user->user, user->groups},
      .rights_of = [](const std::string& path) -> std::optional<FileRights> {
        const auto status = file_status(path);
        if (!status) return std::nullopt;
        return FileRights{status->owner, status->group, status->mode, status->has_list};
      },
      .target_of =
          [](const std::string& path) {
            std::error_code error;
            const auto target = std::filesystem::weakly_canonical(path, error);
            return error ? path : target.string();
          },
      .first_free_port = first_free_port()};
}

ServiceFiles service_files(const WindowsService& service) {
  const bool is_agent = service.short_name == "agent";
  const OptionTable& table = is_agent ? agent_options() : worker_options();
  const Places& places = standard_places();
  ServiceFiles files{.configuration = table.default_file(),
                     .configuration_text = print_conf(table),
                     .state = {is_agent ? places.agent_state : places.worker_state}};
  if (!is_agent) files.state.push_back(places.backups);
  return files;
}

int main_of(int argc, char** argv) {
  const SystemClock clock;
  const HostTimeZones zones(sha256_hex);
  const Listens worker = where(worker_options(), "worker.control", "127.0.0.1:5001");
  const Listens agent = where(agent_options(), "agent.control", "127.0.0.1:5002");
  StoppedLedger stopped(zones, clock, worker);
  const ServiceAccess access{
      ask,
      {worker.http, worker.control, agent.http, agent.control, worker.failure, agent.failure,
       is_installed_here("meterbill-worker"), is_installed_here("meterbill-agent")},
      [&stopped](const LedgerChoice& ledger, const std::string& target) {
        return stopped.ask(ledger, target);
      }};
  const ConfigContext context{.environment = process_environment(),
                              .host_name = host_name(),
                              .folder = standard_places().config,
                              .check_property = check_kafka_property,
                              .check_prices = [&zones](const std::string& path) -> Result<void> {
                                MB_TRYV(load_prices(path, zones, sha256_hex));
                                return ok();
                              },
                              .service_reach = reach_of};
  std::vector<Command> commands = command_list(
      {.access = access,
       .bill_compute =
           {.zones = zones, .clock = clock, .read_file = read_file, .sha256_hex = sha256_hex},
       .prices_check = {.zones = zones,
                        .read_file = read_file,
                        .sha256_hex = sha256_hex,
                        .default_prices = worker.prices,
                        .default_failure = worker.failure,
                        .access = access},
       .config = context,
       .check_kafka = [&clock](const KafkaCheckTarget& target,
                               const auto& told) { return check_kafka(target, told, clock); },
       .wait = wait_for_interrupt,
       .measure = measure,
       .outside_view = {.look = look_outside, .write = write_public_file},
       .spool = {.open = SqliteSpoolFile::open,
                 .state_dir = agent.state_dir,
                 .failure = agent.failure},
       .loadgen = {.clock = clock,
                   .context = context,
                   .access = access,
                   .open_sink = open_sink,
                   .wait = wait_for_interrupt,
                   .random = system_random},
       .libraries = library_versions(),
       .services = {
           .manager = make_service_manager(), .files = service_files, .wait = wait_for_interrupt}});
  const Terminal terminal{.in = std::cin,
                          .out = std::cout,
                          .err = std::cerr,
                          .colour = wants_colour(),
                          .has_edge = output_is_terminal(),
                          .overwrites = error_is_terminal()};
  return Cli{std::move(commands)}.run({argv + (argc > 0 ? 1 : 0), argv + argc}, terminal);
}

}  // namespace
}  // namespace meterbill

int main(int argc, char** argv) { return meterbill::main_of(argc, argv); }
