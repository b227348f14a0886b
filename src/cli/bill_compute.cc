#include "cli/bill_compute.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <istream>
#include <iterator>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/arguments.h"
#include "cli/memory_usage.h"
#include "config/price_file.h"
#include "report/statement_report.h"
#include "wire/decode.h"
#include "wire/json.h"

namespace meterbill {
namespace {

const std::vector<Flag>& flags() {
  static const std::vector<Flag> kFlags{
      {.name = "readings", .value = "FILE", .help = "one JSON value a line; - is standard input"},
      {.name = "prices", .value = "FILE", .help = "prices.toml; without it the built-in prices"},
      {.name = "period",
       .value = "PERIOD",
       .help = "2026-11, 2026-11-22, this-month or last-month; default: all months with usage"},
      {.name = "machine", .value = "NAME", .help = "this machine only"},
      {.name = "at",
       .value = "TIME",
       .help = "the time of the statement (RFC 3339): time until then is expected, samples without "
               "\"timestamp\" are booked then; default: now"},
      {.name = "json", .help = "print JSON"},
      {.name = "csv", .help = "print CSV, one row for each line"}};
  return kFlags;
}

struct Prices {
  PriceBook book;
  std::string source;
};

/// Where the sample of a line is booked: at its "timestamp", which the prototype's worker never saw
/// on the wire, and which files of samples need.
Either<Slot, Rejection> sample_slot(std::string_view line, UtcTime otherwise) {
  const auto document = parse_json(line);
  if (!document) return Slot::containing(otherwise);  // `decode` says what is wrong
  const auto field = document.value().root().find("timestamp");
  if (!field) return Slot::containing(otherwise);
  constexpr std::int64_t kSecondsMax = 253'402'300'799;  // 9999-12-31T23:59:59Z
  const auto seconds = parse_count(field->text());
  if (!field->is(JsonValue::Kind::kNumber) || !seconds || seconds.value() > kSecondsMax)
    return Rejection{Reason::kBadNumber, fmt::format("timestamp is not in whole unix seconds: {}",
                                                     field->text().substr(0, 40))};
  return Slot::containing(UtcTime{seconds.value() * 1'000'000});
}

/// Why items of a line were not applied.
std::vector<Rejection> apply_line(std::string_view line, UtcTime at, MemoryUsage& usage) {
  Delivery delivery;
  delivery.value = line;
  delivery.recorded = at;
  const Message message = decode(delivery, Route::kKafka);
  if (!std::holds_alternative<Sample>(message)) return usage.apply(message, Slot{});
  const auto slot = sample_slot(line, at);
  if (!slot) return {slot.error()};
  return usage.apply(message, slot.value());
}

/// Feeds every line of `text`; what is wrong goes to `err`. Returns how many lines were not wholly
/// applied.
std::size_t read_lines(std::string_view text, UtcTime at, std::ostream& err, MemoryUsage& usage) {
  std::size_t bad_lines = 0;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::vector<Rejection> rejections = apply_line(line, at, usage);
    for (const Rejection& rejection : rejections)
      err << fmt::format("line {}: {}: {}\n", number, to_string(rejection.reason),
                         rejection.detail);
    if (!rejections.empty()) ++bad_lines;
  }
  return bad_lines;
}

Result<std::string> read_input(const std::string& path, const Terminal& terminal,
                               const BillComputeDeps& deps) {
  if (path == "-")
    return std::string{std::istreambuf_iterator<char>(terminal.in),
                       std::istreambuf_iterator<char>()};
  return deps.read_file(path);
}

Result<Prices> read_prices(const Arguments& arguments, const BillComputeDeps& deps) {
  if (!arguments.has("prices")) {
    MB_TRY(PriceBook book, parse_prices(built_in_prices(), kBuiltInPrices, deps.zones));
    return Prices{std::move(book), kBuiltInPrices};
  }
  const std::string path = *arguments.value("prices");
  MB_TRY(const std::string text, deps.read_file(path));
  MB_TRY(PriceBook book, parse_prices(text, path, deps.zones));
  // Its name, not where it lies: the same prices give the same statement from any folder.
  return Prices{std::move(book), path.substr(path.rfind('/') + 1)};
}

/// The period asked for; without one, all months in which there is usage.
Result<Period> choose_period(const Arguments& arguments, const MemoryUsage& usage,
                             const TimeZone& zone, UtcTime now) {
  if (arguments.has("period")) {
    auto period = parse_period(*arguments.value("period"), zone, now);
    if (!period) return fail(Code::kUsage, "--period: " + period.error().message);
    return period;
  }
  const SlotRange slots = usage.slots();
  MB_TRY(const Period first, month_of(slots.begin.start(), zone));
  MB_TRY(const Period last, month_of(slots.end.plus(-1).start(), zone));
  return join(first, last);
}

Result<std::optional<MachineId>> choose_machine(const Arguments& arguments,
                                                const MemoryUsage& usage) {
  if (!arguments.has("machine")) return std::optional<MachineId>{};
  const std::string name = *arguments.value("machine");
  std::vector<std::string> names;
  for (const MachineId& machine : usage.machines()) names.push_back(machine.str());
  if (std::ranges::find(names, name) != names.end()) return std::optional<MachineId>{name};
  constexpr std::size_t kShownMax = 5;
  const bool more = names.size() > kShownMax;
  names.resize(std::min(names.size(), kShownMax));
  return fail(Code::kInvalid, fmt::format("no usage of machine '{}' in the file; it has {}{}", name,
                                          fmt::join(names, ", "), more ? ", …" : ""));
}

Result<std::string> render(const Arguments& arguments, const MemoryUsage& usage,
                           const Prices& prices, UtcTime now, const BillComputeDeps& deps) {
  const TimeZone& zone = prices.book.zone();
  MB_TRY(Period period, choose_period(arguments, usage, zone, now));
  MB_TRY(const auto only, choose_machine(arguments, usage));
  MB_TRY(RatedUsage rated, usage.rate(period.slots, only, prices.book));
  // The file is all there is: what came after its newest slot cannot count.
  const Slot cut_off = std::clamp(usage.slots().end, period.slots.begin, period.slots.end);
  StatementFacts facts{.period = std::move(period),
                       .cut_off = cut_off,
                       .prices_source = prices.source,
                       .prices_digest = deps.sha256_hex(prices.book.text()),
                       .zone = zone.data(),
                       .warnings = {}};
  MB_TRY(const Statement statement,
         make_statement(std::move(facts), std::move(rated.bill), rated.notes));
  if (arguments.has("json")) return statement_json(statement, zone);
  if (arguments.has("csv")) return statement_csv(statement, zone);
  return statement_text(statement, zone);
}

/// The exit code.
Result<int> run(const Arguments& arguments, const Terminal& terminal, const BillComputeDeps& deps) {
  if (!arguments.has("readings"))
    return fail(Code::kUsage, "--readings is missing; name a file, or - for standard input");
  if (arguments.has("json") && arguments.has("csv"))
    return fail(Code::kUsage, "--json and --csv exclude each other");
  const UtcTime now = deps.clock.now().utc;
  UtcTime at = now;
  if (arguments.has("at")) {
    const auto given = parse_utc(*arguments.value("at"));
    if (!given) return fail(Code::kUsage, "--at: " + given.error().message);
    at = given.value();
  }
  MB_TRY(const Prices prices, read_prices(arguments, deps));
  MB_TRY(const std::string text, read_input(*arguments.value("readings"), terminal, deps));
  MemoryUsage usage;
  const std::size_t bad_lines = read_lines(text, at, terminal.err, usage);
  if (usage.slots() == SlotRange{})
    return fail(Code::kInvalid, "there is no usage in the file: nothing to bill");
  MB_TRY(const std::string statement, render(arguments, usage, prices, now, deps));
  terminal.out << statement;
  if (bad_lines == 0) return kExitOk;
  terminal.err << fmt::format("{} line{} not applied; the statement is of the others\n", bad_lines,
                              bad_lines == 1 ? " was" : "s were");
  return kExitData;
}

}  // namespace

int bill_compute(const std::vector<std::string>& arguments, const Terminal& terminal,
                 const BillComputeDeps& deps) {
  const auto parsed = parse_arguments(arguments, flags(), 0);
  if (!parsed) return report(parsed.error(), terminal);
  const Result<int> result = run(parsed.value(), terminal, deps);
  return result ? result.value() : report(result.error(), terminal);
}

Command bill_compute_command(BillComputeDeps deps) {
  return {.path = {"bill", "compute"},
          .summary = "Prints the statement of a file of readings, samples and usage events.",
          .run = [deps = std::move(deps)](
                     const std::vector<std::string>& arguments,
                     const Terminal& terminal) { return bill_compute(arguments, terminal, deps); },
          .operands = "",
          .flags = flags()};
}

}  // namespace meterbill
