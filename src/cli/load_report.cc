#include "cli/load_report.h"

#include <fmt/format.h>

#include <ostream>

#include "base/checked.h"
#include "report/json_writer.h"
#include "report/text_table.h"
#include "report/usage_printer.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::size_t kIndent = 14;  // of what stands behind a word

std::int64_t per_second(std::int64_t count, std::int64_t us) {
  return us <= 0 ? 0 : static_cast<std::int64_t>(Int128{count} * kSecondUs / us);
}

}  // namespace

std::string first_and_last(const LoadFleet& fleet) {
  const std::string first = fleet.machine(0).str();
  return fleet.size() == 1 ? first
                           : fmt::format("{} to {}", first, fleet.machine(fleet.size() - 1).str());
}

std::string to_text(const LoadFleet& fleet, const LoadResult& result) {
  const auto line = [](const char* word, const std::string& text) {
    return labelled_parts(word, kIndent, {text});
  };
  std::string text =
      line("machines", fmt::format("{}: {}, {} parts each, seed {}", fleet.size(),
                                   first_and_last(fleet), fleet.spec().scopes, fleet.spec().seed));
  text += line("sent", fmt::format("{} messages of {} that were due", result.sent, result.wanted));
  text += line("acknowledged", fmt::format("{}", result.acknowledged));
  text += line("failed", fmt::format("{}", result.failed));
  if (result.quarantined > 0)
    text += line("quarantined", fmt::format("{} readings, by the worker", result.quarantined));
  text += line(
      "rate",
      fmt::format("{} messages/s in {}.{} s", per_second(result.acknowledged, result.ended_us),
                  result.ended_us / kSecondUs, result.ended_us % kSecondUs / (kSecondUs / 10)));
  if (result.acknowledged == 0) return text;
  return text + line("delay",
                     fmt::format("p50 {} ms, p99 {} ms, from the tick to the answer",
                                 result.delays.percentile_ms(50), result.delays.percentile_ms(99)));
}

std::string to_json(const LoadFleet& fleet, const LoadPlan& plan, const LoadResult& result) {
  JsonWriter json;
  json.begin_object()
      .integer("agents", fleet.size())
      .string("first_machine", fleet.machine(0).str())
      .string("last_machine", fleet.machine(fleet.size() - 1).str())
      .integer("scopes", fleet.spec().scopes)
      .string("seed", fmt::format("{}", fleet.spec().seed))
      .integer("interval_us", plan.interval_us)
      .integer("due", result.wanted)
      .integer("sent", result.sent)
      .integer("acknowledged", result.acknowledged)
      .integer("failed", result.failed)
      .integer("quarantined", result.quarantined)
      .integer("took_us", result.ended_us)
      .integer("acknowledged_per_s", per_second(result.acknowledged, result.ended_us))
      .integer("delay_p50_ms", result.delays.percentile_ms(50))
      .integer("delay_p99_ms", result.delays.percentile_ms(99))
      .integer("unconfirmed_machines", result.unconfirmed)
      .boolean("interrupted", result.interrupted)
      .end_object();
  return json.take() + "\n";
}

void write_totals(const LoadFleet& fleet, std::ostream& out) {
  UsagePrinter printer(UsageFormat::kCsv, UsagePage{.by = UsageBy::kSlot});
  out << printer.begin();
  for (std::int64_t index = 0; index < fleet.size(); ++index)
    out << printer.add(fleet.confirmed_usage(index));
  out << printer.end() << std::flush;
}

}  // namespace meterbill
