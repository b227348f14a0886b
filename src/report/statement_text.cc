#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/coverage_report.h"
#include "report/kept_out.h"
#include "report/meanings.h"
#include "report/statement_report.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

/// The local date of an instant that is local midnight, the local time of any other.
std::string date_text(Slot slot, const TimeZone& zone) {
  return local_date_text(zone, slot.start());
}

std::string quantity_text(Int128 quantity, int decimals) {
  return decimal_text(Int256(quantity), decimals);
}

std::string header(const Statement& statement, const TimeZone& zone) {
  const StatementFacts& facts = statement.facts;
  std::string text = labelled("STATEMENT", "DRAFT");
  text += labelled("Period", facts.period.title);
  // Of UTC the offsets say it all.
  text += labelled("", fmt::format("{} to {}{}", local_text(zone, facts.period.slots.begin.start()),
                                   local_text(zone, facts.period.slots.end.start()),
                                   facts.zone.digest.empty() ? "" : " " + facts.zone.name));
  text += labelled("Cut-off", fmt::format("{}: usage before it counts",
                                          local_text(zone, facts.cut_off.start())));
  text += labelled("Currency", statement.currency.code());
  return text;
}

/// True if a meter stands in more than one segment, so that lines need their start to be told
/// apart.
bool has_segments(const MachineStatement& machine) {
  const auto same_but_segment = [](const Line& a, const Line& b) {
    return a.key.scope == b.key.scope && a.key.labels == b.key.labels && a.key.meter == b.key.meter;
  };
  return std::ranges::adjacent_find(machine.lines, same_but_segment) != machine.lines.end();
}

/// What lines stand under: the part of the machine, if it is not all of it, and the labels.
std::string group_of(const Line& line) {
  std::string group = line.key.scope == machine_scope() ? "" : line.key.scope.str();
  if (!line.key.labels.empty())
    group += (group.empty() ? "labels " : "   labels ") + line.key.labels;
  return group;
}

/// The group of all lines when they share one, so that it need not stand in the table.
std::string common_group(const MachineStatement& machine) {
  if (machine.lines.empty()) return "";
  const std::string group = group_of(machine.lines.front());
  const bool is_common = std::ranges::all_of(
      machine.lines, [&group](const Line& line) { return group_of(line) == group; });
  return is_common ? group : "";
}

std::string line_table(const Statement& statement, const MachineStatement& machine,
                       const TimeZone& zone) {
  const bool with_from = has_segments(machine);
  std::vector<Column> columns{{"meter", Align::kLeft},      {"quantity", Align::kPoint},
                              {"unit", Align::kLeft},       {"price", Align::kPoint},
                              {"cost", Align::kPoint},      {"amount", Align::kRight},
                              {"price since", Align::kLeft}};
  if (with_from) columns.insert(columns.begin() + 1, Column{"from", Align::kLeft});
  TextTable table{std::move(columns)};
  std::string shown_group = common_group(machine);
  for (const Line& line : machine.lines) {
    const std::string group = group_of(line);
    if (group != shown_group) table.heading(group.empty() ? "machine" : group);
    shown_group = group;
    std::vector<std::string> cells{line.key.meter.str(),
                                   quantity_text(line.quantity, statement.quantity_decimals),
                                   std::string(line.version.unit.name),
                                   to_string(line.version.price),
                                   to_string(line.cost),
                                   to_string(line.amount, statement.currency),
                                   since_text(line.version, zone)};
    if (with_from) cells.insert(cells.begin() + 1, date_text(line.key.segment, zone));
    table.row(std::move(cells));
  }
  std::vector<std::string> total{"total",
                                 "",
                                 "",
                                 "",
                                 to_string(machine.exact_total),
                                 to_string(machine.total, statement.currency),
                                 ""};
  if (with_from) total.insert(total.begin() + 1, "");
  table.row(std::move(total));
  return table.text();
}

std::string coverage_text(const MachineNote& note) {
  const std::optional<Coverage>& coverage = note.coverage;
  if (!coverage) return labelled("Coverage", "not known: samples and usage events tell no time");
  const std::int64_t expected = coverage->expected_us();
  if (expected == 0 && !note.held.empty())
    return labelled("Coverage", "not known while what covers this period is held");
  if (expected == 0) return labelled("Coverage", "0.00 h: no time was expected in this period");
  const CoverageParts parts = parts_of(*coverage);
  const CoverageHours hours = hours_of(*coverage);
  const CoverageParts shares = shares_of(*coverage);
  const auto part = [&](std::size_t i) {
    return fmt::format("{} {} h ({} %)", kCoverageKinds.at(i),
                       hundredths_for_people(hours.parts.at(i), parts.at(i)),
                       hundredths_for_people(shares.at(i), parts.at(i)));
  };
  return labelled("Coverage", hundredths_for_people(hours.expected, expected) + " h expected:") +
         labelled("", part(0) + ", " + part(1) + ",") + labelled("", part(2) + ", " + part(3));
}

/// One quantity per unpriced meter: the machine's, or the sum of the parts where it has none.
Result<std::string> unpriced_text(const Statement& statement, const MachineStatement& machine) {
  std::map<MeterName, std::pair<bool, Int128>, MeterOrder> sums;  // (of the machine?, base units)
  for (const UnpricedLine& line : machine.unpriced) {
    if (is_context(line.key.meter)) continue;
    const bool whole = line.key.scope == machine_scope();
    auto& [is_whole, sum] = sums[line.key.meter];
    if (is_whole && !whole) continue;
    if (whole && !is_whole) sum = 0;
    is_whole = whole;
    MB_TRY(sum, add(sum, line.base));
  }
  std::string text;
  for (const auto& [meter, entry] : sums) {
    const Unit unit = meter_kind(meter).units.front();
    MB_TRY(const Int128 quantity, quantity_in(unit, entry.second, statement.quantity_decimals));
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", meter.str(),
                        quantity_text(quantity, statement.quantity_decimals), unit.name);
  }
  return text;
}

/// What is kept out, and `why` behind it; empty if there is nothing to show.
Result<std::string> kept_out_because(const Statement& statement, const KeptOut& meters,
                                     std::string_view why) {
  MB_TRY(std::string text, kept_out_text(meters, statement.quantity_decimals));
  return text.empty() ? text : text.append(why);
}

/// The first few; programs get all.
std::string clock_steps_text(const MachineStatement& machine, const TimeZone& zone) {
  constexpr std::size_t kShownMax = 5;
  const std::vector<ClockStep>& steps = machine.note.clock_steps;
  if (steps.empty()) return "";
  std::string text =
      labelled("Clock step",
               fmt::format("the clock was set, so {} of 900 s {} more time; it is billed:",
                           steps.size() == 1 ? "a slot" : fmt::format("{} slots", steps.size()),
                           steps.size() == 1 ? "holds" : "hold"));
  for (std::size_t i = 0; i < std::min(steps.size(), kShownMax); ++i)
    text +=
        labelled("", fmt::format("{}: {} s metered and estimated",
                                 local_text(zone, steps[i].slot.start()), seconds_text(steps[i])));
  if (steps.size() > kShownMax)
    text += labelled(
        "", fmt::format("and {} more, listed by --json and --csv", steps.size() - kShownMax));
  return text;
}

std::string machine_text(const Statement& statement, const MachineStatement& machine,
                         const TimeZone& zone) {
  const std::string group = common_group(machine);
  std::string text =
      "\n" + labelled("Machine", machine.machine.str() + (group.empty() ? "" : "   " + group));
  text += line_table(statement, machine, zone);
  const std::string why =
      difference_sentence(machine.exact_total, machine.total, statement.currency);
  if (!why.empty()) text += why + "\n";
  text += coverage_text(machine.note);
  text += clock_steps_text(machine, zone);
  const auto with_label = [&text](std::string_view label, const Result<std::string>& said) {
    if (!said)
      text += labelled(label, "not shown: " + said.error().message);
    else if (!said.value().empty())
      text += labelled(label, said.value());
  };
  with_label("Unpriced", unpriced_text(statement, machine));
  const NotBilled& left_out = machine.not_billed;
  with_label("Not billed", kept_out_because(statement, left_out.of_parts,
                                            " of parts: the price is for the whole machine"));
  with_label("Not billed", kept_out_because(statement, left_out.of_machine,
                                            " of the machine: the price is for its parts"));
  with_label("Held", kept_out_because(statement, machine.note.held,
                                      " kept out of the total: several readings together cannot be "
                                      "true → meterbill machine list"));
  with_label("Discarded",
             kept_out_because(statement, machine.note.discarded,
                              " never billed, as an operator decided → meterbill machine list"));
  return text;
}

std::string grand_total(const Statement& statement) {
  if (statement.machines.size() == 1) return "";
  std::string text =
      "\n" + labelled("All", fmt::format("{} machines   total {} {}", statement.machines.size(),
                                         to_string(statement.total, statement.currency),
                                         statement.currency.code()));
  const std::string why =
      difference_sentence(statement.exact_total, statement.total, statement.currency);
  return why.empty() ? text : text + why + "\n";
}

/// The first few; programs get all.
std::string gaps_text(const StatementFacts& facts, const TimeZone& zone) {
  constexpr std::size_t kShownMax = 5;
  if (facts.gaps.empty()) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min(facts.gaps.size(), kShownMax); ++i) {
    const Gap& gap = facts.gaps[i];
    const std::string sent = gap.after
                                 ? fmt::format("sent from {} on", local_text(zone, *gap.after))
                                 : "sent at a time that is not known";
    text += labelled(text.empty() ? "Gap" : "",
                     fmt::format("{}: {}, detected {} ({})", to_string(gap), sent,
                                 local_text(zone, gap.detected), gap.source));
  }
  if (facts.gaps.size() > kShownMax)
    text += labelled(
        "", fmt::format("and {} more, listed by --json and --csv", facts.gaps.size() - kShownMax));
  return text + labelled("", kGapMeaning);
}

/// What else the bill was computed from, each with the digest by which it is recognised.
std::string inputs(const StatementFacts& facts) {
  std::string text = labelled("Prices", facts.prices_source);
  text += fmt::format("  sha256 {}\n", facts.prices_digest);
  text += labelled("",
                   "of the prices without comments, in a fixed order: the \"text\" that "
                   "meterbill prices check --json prints");
  const ZoneData& zone = facts.zone;
  if (zone.digest.empty())
    return text + labelled("Zone data", zone.name + ": needs no time-zone data");
  text += labelled("Zone data", zone.version.empty()
                                    ? zone.name
                                    : fmt::format("{}, tzdata {}", zone.name, zone.version));
  return text + fmt::format("  sha256 {}\n", zone.digest);
}

std::string meanings(const Statement& statement) {
  std::string text;
  for (const auto& [meter, meaning] :
       meanings_of(statement, [](const MeterName& name) { return !is_context(name); }))
    text += labelled(text.empty() ? "Meaning" : "", fmt::format("{}: {}", meter.str(), meaning));
  return text;
}

}  // namespace

std::string since_text(const PriceVersion& version, const TimeZone& zone) {
  return version.from ? date_text(*version.from, zone) : "always";
}

std::string statement_text(const Statement& statement, const TimeZone& zone) {
  const StatementFacts& facts = statement.facts;
  std::string text = header(statement, zone);
  for (const MachineStatement& machine : statement.machines)
    text += machine_text(statement, machine, zone);
  text += grand_total(statement) + "\n";
  text += gaps_text(facts, zone);
  for (const std::string& warning : facts.warnings) text += labelled("Warning", warning);
  text += meanings(statement);
  return text + inputs(facts);
}

}  // namespace meterbill
