#include "merge_delivery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <sstream>

#include "report/statement_report.h"

namespace meterbill {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

Delivery structured_event(std::string value, UtcTime recorded) {
  Delivery delivery;
  delivery.value = std::move(value);
  delivery.headers = {{"content-type", "application/cloudevents+json"}};
  delivery.recorded = recorded;
  return delivery;
}

/// The columns machine to quantity of `usage --csv`, sorted as text.
std::string sorted_lines(const std::string& csv) {
  std::vector<std::string> lines;
  std::istringstream text(csv);
  for (std::string line; std::getline(text, line);)
    lines.push_back(line.substr(0, line.rfind(',')) + "\n");
  std::ranges::sort(lines);
  std::string sorted;
  for (const std::string& line : lines) sorted += line;
  return sorted;
}

void add_left_out(std::string& text, const std::string& what,
                  const std::map<MeterName, Int128, MeterOrder>& sums) {
  for (const auto& [meter, base] : sums) text += what + meter.str() + " " + to_string(base) + "\n";
}

/// The coverage of each machine added up over the rows of all pages; none: it is not known.
std::map<std::string, std::optional<Coverage>> covered(WorkerBench& bench,
                                                       Queries::CoverageRequest request) {
  std::map<std::string, std::optional<Coverage>> sums;
  do {
    const CoveragePage page = bench.queries.coverage(bench.ledger, request).value();
    for (const MachineCoverage& machine : page.machines) {
      auto& sum = sums[machine.machine.str()];
      if (!machine.is_known) continue;
      if (!sum) sum.emplace();
      for (const CoverageRow& row : machine.rows) {
        sum->metered_us += row.coverage.metered_us;
        sum->estimated_us += row.coverage.estimated_us;
        sum->off_us += row.coverage.off_us;
        sum->missing_us += row.coverage.missing_us;
      }
    }
    request.from = page.next;
  } while (request.from);
  return sums;
}

/// What is shown of the time of machines is what the statement says, in one row and in many.
void check_coverage(WorkerBench& bench, const Statement& statement, UtcTime now) {
  std::map<std::string, std::optional<Coverage>> said;
  for (const MachineStatement& machine : statement.machines)
    if (!machine.note.coverage || machine.note.coverage->expected_us() > 0)
      said.emplace(machine.machine.str(), machine.note.coverage);
  Queries::CoverageRequest request{.period = statement.facts.period, .now = now};
  EXPECT_EQ(covered(bench, request), said);
  for (const UsageBy by : {UsageBy::kSlot, UsageBy::kHour, UsageBy::kDay}) {
    request.by = by;
    request.slots_max = by == UsageBy::kSlot ? 50 : 500;
    EXPECT_EQ(covered(bench, request), said) << to_string(by);
  }
}

}  // namespace

void PrintTo(const MergeDump& dump, std::ostream* out) {
  *out << dump.usage << "held\n"
       << dump.held << "clock steps\n"
       << dump.clock_steps << "times\n"
       << dump.times << "costs\n"
       << dump.costs << "lines\n"
       << dump.lines;
}

std::vector<MergeAct> all_acts(const History& history) {
  std::vector<MergeAct> acts;
  for (std::size_t i = 0; i < history.messages.size(); ++i) acts.push_back({MergeAct::kMessage, i});
  for (std::size_t i = 0; i < history.samples.size(); ++i) acts.push_back({MergeAct::kSample, i});
  for (std::size_t i = 0; i < history.events.size(); ++i) acts.push_back({MergeAct::kEvent, i});
  for (std::size_t i = 0; i < history.decisions.size(); ++i)
    for (std::size_t left = history.decisions[i].size(); left > 0; --left)
      acts.push_back({MergeAct::kDecide, i});
  return acts;
}

void expect_as_counted(const MergeDump& dump, const Recount& want) {
  EXPECT_EQ(sorted_lines(dump.usage), want.usage);
  EXPECT_EQ(dump.held, want.held);
  EXPECT_EQ(dump.clock_steps, want.clock_steps);
  EXPECT_EQ(dump.times, want.times);
}

void MergeDelivery::perform(const MergeAct& act) {
  const UtcTime now = bench_.clock.now().utc;
  switch (act.kind) {
    case MergeAct::kMessage:
      return put(history_.messages.at(act.index));
    case MergeAct::kSample: {
      Delivery delivery;
      delivery.value = value_of(history_.samples.at(act.index));
      delivery.recorded = history_.samples.at(act.index).at;
      return put_kafka(std::move(delivery));
    }
    case MergeAct::kEvent: {
      Delivery delivery = structured_event(value_of(history_.events.at(act.index)), now);
      if (random_() % 2 == 0) return put_kafka(std::move(delivery));
      bench_.http.put(std::move(delivery));
      return;
    }
    case MergeAct::kDecide:
      if (decided_.at(act.index) < history_.decisions.at(act.index).size() && decide(act.index))
        ++kinds_["decisions among the messages"];
      return;
    case MergeAct::kRelease:
      return settle_quarantine();
    case MergeAct::kRestart:
      return restart();
  }
}

/// By one of the three ways in.
void MergeDelivery::put(const HistoryMessage& message) {
  const OutgoingMessage outgoing = message_of(history_, message);
  const UtcTime now = bench_.clock.now().utc;
  const std::uint64_t way = random_() % 3;
  ++kinds_[way == 0 ? "messages over HTTP" : "messages over Kafka"];
  if (way == 0) bench_.put_http(outgoing);
  if (way == 1) put_kafka({outgoing.key, outgoing.value, false, outgoing.headers, now});
  if (way == 2) put_kafka(structured_event(structured(outgoing), now));
}

void MergeDelivery::put_kafka(Delivery delivery) {
  const std::int64_t offset = bench_.kafka.put(delivery);
  records_.emplace_back(std::move(delivery), offset);
}

/// The next one of a list; false if nothing is known yet of what it decides.
bool MergeDelivery::decide(std::size_t index) {
  settle();
  const HistoryDecision& next = history_.decisions[index].at(decided_[index]);
  const auto done = bench_.resolve(next.machine, next.boot, next.decision, next.renamed_to);
  if (!done) {
    EXPECT_EQ(done.error().code, Code::kNotFound) << done.error().message;
    return false;
  }
  ++decided_[index];
  return true;
}

void MergeDelivery::decide_the_rest() {
  for (std::size_t index = 0; index < decided_.size(); ++index)
    while (decided_[index] < history_.decisions[index].size())
      if (!decide(index)) FAIL() << "a boot of " << history_.decisions[index][0].machine;
}

void MergeDelivery::settle_quarantine() {
  settle();
  const auto items = bench_.ledger.quarantine(0, 10'000).value();
  for (const QuarantineItem& item : items) {
    if (item.state != QuarantineState::kHeld) continue;
    const Reason reason = item.rejection.reason;
    EXPECT_TRUE(reason == Reason::kFuture || reason == Reason::kImplausible ||
                reason == Reason::kNoCapacity)
        << to_string(reason);
    const bool is_discarded = reason == Reason::kNoCapacity;
    const auto done = is_discarded ? bench_.discard(item.id) : bench_.release(item.id);
    EXPECT_TRUE(done) << done.error().message;
    ++kinds_[(is_discarded ? "discarded: " : "released: ") + std::string(to_string(reason))];
  }
}

/// Sometimes with totals to be summed anew; Kafka's last records come again, at their places.
void MergeDelivery::restart() {
  settle();
  if (random_() % 2 == 0) {
    EXPECT_TRUE(bench_.ledger.replace_totals({}, "", {}));
  }
  const bool is_loaded = kinds_["restarts of the worker"] % 2 == 0;
  bench_.settings.ahead_min = is_loaded ? 1 : 1'000;
  bench_.settings.intake.portion_max = is_loaded ? 3 : IntakeLimits{}.portion_max;
  bench_.restart();
  const std::size_t again = records_.empty() ? 0 : random_() % records_.size();
  for (std::size_t i = records_.size() - again; i < records_.size(); ++i)
    bench_.kafka.put_again(records_[i].first, records_[i].second);
  kinds_["records read again"] += static_cast<int>(again);
  ++kinds_["restarts of the worker"];
}

MergeDump MergeDelivery::finish() {
  settle();
  bench_.clock.advance(12 * kHourUs);
  settle_quarantine();  // it may hold all that is known of a boot
  decide_the_rest();
  const std::string from_slots = lines(LinesFrom::kSlots);
  EXPECT_EQ(lines(LinesFrom::kTotals), from_slots);
  return {bench_.usage_csv(), bench_.held(), clock_steps(), times(), costs(), from_slots};
}

Statement MergeDelivery::statement(LinesFrom from) {
  const UtcTime now = bench_.clock.now().utc;
  const Period month = parse_period("2026-11", *utc_zone(), now).value();
  return bench_.queries.statement(bench_.ledger, month, std::nullopt, now, from, {}).value();
}

std::string MergeDelivery::times() {
  const Statement made = statement(LinesFrom::kTotals);
  std::string text;
  for (const MachineStatement& machine : made.machines) {
    const Coverage time = machine.note.coverage.value_or(Coverage{});
    const std::int64_t awake_us = time.metered_us + time.estimated_us;
    if (awake_us + time.off_us > 0)
      text += machine.machine.str() + " " + std::to_string(awake_us) + " " +
              std::to_string(time.off_us) + "\n";
  }
  return text;
}

std::string MergeDelivery::costs() {
  std::string text;
  const auto machines = bench_.ledger.dictionary().value().machines;
  std::set<std::string> names;
  for (const auto& [key, name] : machines) names.insert(name.str());
  for (const std::string& name : names) text += name + " " + bench_.cost(name) + "\n";
  return text;
}

std::string MergeDelivery::clock_steps() {
  std::multiset<std::string> found;
  const auto machines = bench_.ledger.dictionary().value().machines;
  for (const auto& [key, name] : machines) {
    const auto steps = bench_.queries.newest_clock_steps(bench_.ledger, name, 10'000);
    if (!steps) continue;  // a name without slots
    for (const ClockStep& step : steps.value())
      found.insert(name.str() + " " + to_string(step.slot) + " " +
                   std::to_string(step.covered_us()) + "\n");
  }
  std::string text;
  for (const std::string& line : found) text += line;
  return text;
}

std::string MergeDelivery::lines(LinesFrom from) {
  const Statement made = statement(from);
  // With all that is said beside the lines: time, what is held or discarded, clock steps.
  EXPECT_EQ(statement_json(made, bench_.book.zone()),
            statement_json(statement(LinesFrom::kSlots), bench_.book.zone()));
  check_coverage(bench_, made, bench_.clock.now().utc);
  std::string text = to_string(made.exact_total) + "\n";
  for (const MachineStatement& machine : made.machines) {
    for (const Line& line : machine.lines)
      text += machine.machine.str() + " " + line.key.meter.str() + " " + to_string(line.base) +
              " " + to_string(line.cost) + "\n";
    add_left_out(text, machine.machine.str() + " parts not billed ", machine.not_billed.of_parts);
    add_left_out(text, machine.machine.str() + " not billed ", machine.not_billed.of_machine);
  }
  return text;
}

}  // namespace meterbill
