#include "support/worker_bench.h"

#include <chrono>
#include <future>
#include <set>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

std::string plain_digest(std::string_view text) { return std::string(text); }

}  // namespace

PriceBook bench_book(const char* core_second) {
  const auto version = [](const char* meter, const char* unit, const char* price) {
    const MeterName name{meter};
    return PriceVersion{name, find_unit(name, unit).value(), BilledScopes::kMachine, std::nullopt,
                        Price::parse(price).value()};
  };
  return PriceBook::create({.currency = Currency::parse("USD").value(),
                            .zone = utc_zone(),
                            .quantity_decimals = 9,
                            .versions = {version("cpu_usage", "percent_sample", "0.05"),
                                         version("memory_usage", "percent_sample", "0.01"),
                                         version("cpu", "core_second", core_second)}})
      .value();
}

WorkerBench::WorkerBench() : WorkerBench(MemoryLedger().state()) {}

WorkerBench::WorkerBench(std::shared_ptr<MemoryLedger::State> state)
    : clock({.utc = parse_utc("2026-11-22T10:20:00Z").value(), .monotonic_us = 0, .boot_us = 0}),
      ledger(std::move(state)),
      book(bench_book("1")),
      price_use(book, plain_digest),
      queries(book, {"test", "digest"}) {
  restart();
}

void WorkerBench::restart() {
  worker = std::make_unique<Worker>(
      ledger, clock,
      [this](const MeterName& meter, Slot slot) { return book.segment_start(meter, slot); },
      book.segments_text(), price_use, events, std::vector<Source*>{&http, &kafka}, settings);
  MB_ASSERT(worker->open());
}

void WorkerBench::settle() {
  for (;;) {
    const auto worked = worker->step();
    MB_ASSERT(worked);
    if (!worked.value()) return;
  }
}

Result<void> WorkerBench::resolve(const std::string& machine, const std::string& boot,
                                  Decision decision, const std::string& renamed_to) {
  return command([&] {
    return worker->resolve(MachineId{machine}, BootId{boot}, decision, MachineId{renamed_to});
  });
}

Result<void> WorkerBench::release(std::int64_t quarantine_id) {
  return command([&] { return worker->release(quarantine_id); });
}

Result<void> WorkerBench::discard(std::int64_t quarantine_id) {
  return command([&] { return worker->discard(quarantine_id); });
}

Result<void> WorkerBench::command(const std::function<Result<void>()>& ask) {
  auto done = std::async(std::launch::async, ask);
  while (done.wait_for(std::chrono::microseconds(50)) != std::future_status::ready)
    MB_ASSERT(worker->step());
  return done.get();
}

void WorkerBench::put_kafka(const std::string& value) {
  Delivery delivery;
  delivery.value = value;
  delivery.recorded = clock.now().utc;
  kafka.put(std::move(delivery));
}

void WorkerBench::put_kafka(const OutgoingMessage& message) {
  Delivery delivery{message.key, message.value, false, message.headers, clock.now().utc};
  kafka.put(std::move(delivery));
}

void WorkerBench::put_http(const OutgoingMessage& message) {
  Delivery delivery;
  delivery.value = structured(message);
  delivery.headers = {{"content-type", "application/cloudevents+json"}};
  delivery.recorded = clock.now().utc;
  http.put(std::move(delivery));
}

Counts WorkerBench::counts() const {
  Counts sum;
  for (const auto& source : worker->status().sources) sum += source.counts;
  return sum;
}

LedgerApiParts WorkerBench::api_parts(LedgerReader& reader) {
  return {.queries = queries,
          .clock = clock,
          .version = "0.1.0",
          .sha256_hex = plain_digest,
          .ask = [&reader](const auto& answer, const Respond& respond) { respond(answer(reader)); },
          .status = [this](LedgerReader&) { return worker->status(); },
          .warnings = [this] { return price_use.warnings(); }};
}

std::string WorkerBench::get(const std::string& path) {
  Router router(ledger_routes(api_parts(ledger)));
  WebRequest request;
  request.method = "GET";
  request.path = path;
  std::string body;
  router.handle(request, [&](const WebResponse& response) { body = response.body; });
  return body;
}

std::string WorkerBench::usage(UsageFormat format, UsageBy by, std::size_t rows_max) {
  Queries::UsageRequest request{.machine = std::nullopt,
                                .by = by,
                                .period = month_of(clock.now().utc, book.zone()).value(),
                                .from = std::nullopt,
                                .rows_max = rows_max};
  std::optional<UsagePrinter> printer;
  std::string text;
  do {
    const UsagePage page = queries.usage(ledger, request).value();
    if (!printer) text += printer.emplace(format, page).begin();
    for (const MachineUsage& piece : page.machines) text += printer->add(piece);
    request.from = page.next;
  } while (request.from);
  return text + printer->end();
}

std::string WorkerBench::usage_csv() {
  const std::string csv = usage(UsageFormat::kCsv, UsageBy::kSlot);
  return csv.substr(csv.find('\n') + 1);
}

std::string WorkerBench::held() {
  std::set<std::string> lines;  // by name: numbers depend on what came first
  const auto dictionary = ledger.dictionary().value();
  const auto all_holds = ledger.all_holds().value();
  for (const auto& [machine, holds] : all_holds) {
    const auto epochs = ledger.epochs(machine).value();
    for (const auto& [epoch, hold] : holds)
      lines.insert(dictionary.machines.at(machine).str() + " " + epochs.at(epoch).epoch.str() +
                   " " + to_string(hold.from) +
                   (hold.discarded ? " discarded " + to_string(*hold.discarded) : "") + "\n");
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::string WorkerBench::cost(const std::string& machine) {
  const auto cost = queries.cost(ledger, MachineId{machine}, clock.now().utc);
  return cost ? to_string(cost.value().cost) : cost.error().message;
}

std::vector<std::string> WorkerBench::reasons() {
  std::vector<std::string> reasons;
  const auto items = ledger.quarantine(0, 1'000).value();
  for (const QuarantineItem& item : items)
    reasons.insert(reasons.begin(), std::string(to_string(item.rejection.reason)));
  return reasons;
}

OutgoingMessage message_of(const ReadingSpec& spec) {
  Reading reading;
  reading.slot = Slot::parse(spec.slot).value();
  reading.scope = machine_scope();
  const std::int64_t up_us = (spec.seconds + spec.estimated_s) * kSecond;
  reading.cover = Cover{.from_us = spec.from_s * kSecond,
                        .to_us = spec.from_s * kSecond + up_us,
                        .metered_us = spec.seconds * kSecond,
                        .estimated_us = spec.estimated_s * kSecond,
                        .off_us = spec.off_s * kSecond};
  reading.final = spec.final;
  const auto scopes = static_cast<std::int64_t>(1 + spec.scopes_cpu_s.size());
  reading.scopes = spec.final ? scopes : 0;
  reading.used = {{MeterName{"cpu"}, spec.cpu_s * kSecond},
                  {MeterName{"cpu_capacity"}, 4 * up_us},
                  {MeterName{"uptime"}, up_us}};
  std::vector<Reading> readings{reading};
  for (const auto& [scope, cpu_s] : spec.scopes_cpu_s)
    readings.push_back({.slot = reading.slot,
                        .scope = ScopeName{scope},
                        .cover = std::nullopt,
                        .final = spec.final,
                        .scopes = 0,
                        .used = {{MeterName{"cpu"}, cpu_s * kSecond}}});
  const MessageFrame frame{.machine = MachineId{spec.machine},
                           .epoch = EpochId{spec.epoch},
                           .boot = BootId{spec.boot},
                           .labels = spec.labels,
                           .sender = EpochId{spec.epoch},
                           .sent = reading.slot.start(),
                           .cpu_usage_percent = spec.cpu_percent,
                           .memory_usage_percent = "61.2"};
  return encode(frame, readings, 1).front().message;
}

}  // namespace meterbill
