#include "sim/sim_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "worker/queries.h"

namespace meterbill::sim {
namespace {

constexpr std::int64_t kSlotUs = 15 * kMinute;

SlotRange ever() { return {Slot{}, Slot{}.plus(std::int64_t{1} << 40)}; }

std::string key_text(const FieldsKey& key) {
  return fmt::format("{} {} {} {}", std::get<0>(key), std::get<1>(key), std::get<2>(key),
                     std::get<3>(key));
}

Fields fields_of(const EpochUsage& epoch, const ScopeUsage& scope, const Dictionary& names,
                 bool is_machine) {
  Fields fields;
  fields.reserve(scope.used.size() + 7);
  fields["final"] = scope.final ? 1 : 0;
  for (const auto& [meter, value] : scope.used)
    fields["used." + names.meters.at(meter).str()] = value;
  if (!is_machine) return fields;
  if (epoch.scopes > 0) fields["scopes"] = epoch.scopes;
  if (!epoch.cover) return fields;
  fields["-from_us"] = -epoch.cover->from_us;
  fields["to_us"] = epoch.cover->to_us;
  fields["metered_us"] = epoch.cover->metered_us;
  fields["estimated_us"] = epoch.cover->estimated_us;
  fields["off_us"] = epoch.cover->off_us;
  return fields;
}

void read_row(LedgerContent& content, const Dictionary& names, const std::string& machine,
              const std::map<EpochKey, EpochFacts>& epochs, const Holds& holds, Slot slot,
              const UsageRow& row) {
  for (const auto& [key, usage] : row.by_epoch) {
    const EpochFacts& facts = epochs.at(key);
    const std::string epoch = facts.epoch.str();
    const auto held = holds.find(key);
    if (held != holds.end() && held->second.from <= slot)
      content.held.insert({epoch, to_string(slot)});
    for (const auto& [scope_key, scope] : usage.by_scope) {
      const std::string name = names.scopes.at(scope_key).str();
      const FieldsKey where{machine, epoch, to_string(slot), name};
      if (!facts.boot.empty()) {
        content.boots[epoch] = facts.boot.str();
        content.merged[where] = fields_of(usage, scope, names, name == "machine");
        continue;
      }
      for (const auto& [meter, value] : scope.used)
        content.added[{machine, names.meters.at(meter).str(), to_string(slot), name}] += value;
    }
  }
}

std::int64_t field(const Fields& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? 0 : found->second;
}

}  // namespace

LedgerContent read_content(LedgerReader& ledger) {
  LedgerContent content;
  const Dictionary names = ledger.dictionary().value();
  for (const auto& machine : names.machines) {
    const auto epochs = ledger.epochs(machine.first).value();
    const Holds holds = ledger.holds(machine.first).value();
    const auto walked = ledger.rows(machine.first, ever(), [&](Slot slot, const UsageRow& row) {
      read_row(content, names, machine.second.str(), epochs, holds, slot, row);
      return Result<void>(ok());
    });
    MB_ASSERT(walked);
  }
  return content;
}

namespace {

/// FNV-1a.
class Fingerprint {
 public:
  void add(const std::string& text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0);
  }
  void add(std::int64_t number) { add(std::to_string(number)); }
  void add(const FieldsKey& key) { add(key_text(key)); }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3U; }

  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace

std::uint64_t fingerprint(const LedgerContent& content) {
  Fingerprint of;
  for (const auto& [key, fields] : content.merged) {
    of.add(key);
    for (const auto& [name, value] : fields) {
      of.add(name);
      of.add(value);
    }
  }
  for (const auto& [epoch, boot] : content.boots) {
    of.add(epoch);
    of.add(boot);
  }
  for (const auto& [epoch, slot] : content.held) {
    of.add(epoch);
    of.add(slot);
  }
  for (const auto& [key, value] : content.added) {
    of.add(key);
    of.add(value);
  }
  return of.value();
}

void judge_merge(const LedgerContent& content, const Witness& witness, Findings& findings) {
  for (const auto& [key, fields] : content.merged) {
    const auto may = witness.may().find(key);
    if (may == witness.may().end()) {
      findings.push_back("nobody ever sent " + key_text(key));
      continue;
    }
    for (const auto& [name, value] : fields) {
      const auto most = may->second.find(name);
      if (most == may->second.end() ? value != 0 : value > most->second)
        findings.push_back(fmt::format("{}: {} is {}, more than the {} ever sent", key_text(key),
                                       name, value, field(may->second, name.c_str())));
    }
  }
  for (const auto& [key, fields] : witness.must()) {
    const auto there = content.merged.find(key);
    if (there == content.merged.end()) {
      findings.push_back("lost: " + key_text(key));
      continue;
    }
    for (const auto& [name, value] : fields)
      if (field(there->second, name.c_str()) < value)
        findings.push_back(fmt::format("{}: {} is {}, less than the {} acknowledged", key_text(key),
                                       name, field(there->second, name.c_str()), value));
  }
}

namespace {

/// One epoch's machine reading in one slot.
struct Party {
  std::string epoch;
  std::string boot;
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  std::int64_t covered_us = 0;
};

using Pair = std::set<std::string>;

/// Which two epochs of one slot cannot both be true, by the rule as docs/wire.md states it.
std::set<Pair> conflicts_of(const std::vector<Party>& parties) {
  std::int64_t covered = 0;
  for (const Party& party : parties) covered += party.covered_us;
  const bool too_much = covered > kSlotUs + kSlotUs / 20;
  std::set<Pair> pairs;
  for (const Party& party : parties)
    for (const Party& other : parties) {
      const bool overlaps = party.from_us < other.to_us && other.from_us < party.to_us &&
                            party.from_us < party.to_us && other.from_us < other.to_us;
      const bool in_conflict = party.boot == other.boot ? overlaps : too_much;
      if (&party != &other && in_conflict) pairs.insert({party.epoch, other.epoch});
    }
  return pairs;
}

}  // namespace

void judge_holds(const LedgerContent& content, Findings& findings) {
  // machine → slot → parties
  std::map<std::string, std::map<std::string, std::vector<Party>>> machines;
  for (const auto& [key, fields] : content.merged) {
    const auto& [machine, epoch, slot, scope] = key;
    if (scope != "machine" || !fields.contains("to_us")) continue;
    machines[machine][slot].push_back(
        {epoch, content.boots.at(epoch), -field(fields, "-from_us"), field(fields, "to_us"),
         field(fields, "metered_us") + field(fields, "estimated_us")});
  }
  std::set<std::pair<std::string, std::string>> expected;
  for (const auto& [machine, slots] : machines) {
    std::set<Pair> conflicts;
    for (const auto& [slot, parties] : slots) conflicts.merge(conflicts_of(parties));
    std::map<std::string, std::string> first_held;  // by epoch
    for (const auto& [slot, present] : slots)       // the earliest slot first
      for (const Pair& pair : conflicts) {
        const auto shared = std::ranges::count_if(
            present, [&](const Party& party) { return pair.contains(party.epoch); });
        if (shared < 2) continue;
        for (const std::string& epoch : pair) first_held.try_emplace(epoch, slot);
      }
    for (const auto& [slot, present] : slots)
      for (const Party& party : present) {
        const auto held = first_held.find(party.epoch);
        if (held != first_held.end() && held->second <= slot) expected.insert({party.epoch, slot});
      }
  }
  if (expected != content.held)
    findings.push_back(fmt::format("held are {} (epoch, slot), but {} are in conflict",
                                   content.held.size(), expected.size()));
}

void judge_truth(const LedgerContent& content, const std::string& machine, const Truth& truth,
                 Findings& findings) {
  std::map<std::string, BootTruth> billed;
  for (const auto& [key, fields] : content.merged) {
    const auto& [name, epoch, slot, scope] = key;
    if (name != machine || scope != "machine") continue;
    BootTruth& boot = billed[content.boots.at(epoch)];
    SlotTruth& there = boot.slots[slot];
    for (SlotTruth* into : {&there, &boot.sum}) {
      into->cpu_us += field(fields, "used.cpu");
      into->uptime_us += field(fields, "used.uptime");
      into->metered_us += field(fields, "metered_us");
      into->estimated_us += field(fields, "estimated_us");
      into->off_us += field(fields, "off_us");
      into->capacity_us += field(fields, "used.cpu_capacity");
      into->memory_kib_us += Int128{kSecond} * field(fields, "used.memory");
      into->memory_capacity_kib_us += Int128{kSecond} * field(fields, "used.memory_capacity");
    }
  }
  for (const auto& entry : truth.boots()) {
    const std::string& boot = entry.first;
    const BootTruth& expected = entry.second;
    const BootTruth& found = billed[boot];
    const auto compare = [&](const std::string& what, std::int64_t is, std::int64_t should,
                             std::int64_t tolerance) {
      if (std::abs(is - should) > tolerance)
        findings.push_back(
            fmt::format("{} {} {}: {} instead of {}", machine, boot, what, is, should));
    };
    compare("cpu in all", found.sum.cpu_us, expected.sum.cpu_us, 0);
    compare("uptime in all", found.sum.uptime_us, expected.sum.uptime_us, 0);
    compare("metered in all", found.sum.metered_us, expected.sum.metered_us, 0);
    compare("estimated in all", found.sum.estimated_us, expected.sum.estimated_us, 0);
    compare("off in all", found.sum.off_us, expected.sum.off_us, 0);
    compare("capacity in all", found.sum.capacity_us, expected.sum.capacity_us, 0);
    // What is below one KiB·s is carried from slot to slot and from boot to boot.
    const auto compare_kib = [&](const std::string& what, Int128 is, Int128 should,
                                 Int128 tolerance) {
      compare(what + ", KiB·s", static_cast<std::int64_t>(is / kSecond),
              static_cast<std::int64_t>(should / kSecond),
              static_cast<std::int64_t>(tolerance / kSecond) + 1);
    };
    compare_kib("memory in all", found.sum.memory_kib_us, expected.sum.memory_kib_us, 0);
    compare_kib("memory capacity in all", found.sum.memory_capacity_kib_us,
                expected.sum.memory_capacity_kib_us, 0);
    for (const auto& [slot, there] : expected.slots) {
      const auto at = found.slots.find(slot);
      const SlotTruth is = at == found.slots.end() ? SlotTruth{} : at->second;
      compare("cpu " + slot, is.cpu_us, there.cpu_us, there.cuts);
      compare("uptime " + slot, is.uptime_us, there.uptime_us, there.cuts);
      compare("metered " + slot, is.metered_us, there.metered_us, there.cuts);
      compare("estimated " + slot, is.estimated_us, there.estimated_us, there.cuts);
      compare("off " + slot, is.off_us, there.off_us, there.cuts);
      compare("capacity " + slot, is.capacity_us, there.capacity_us, there.cut_cores);
      const Int128 kib_tolerance = there.cut_kib + Int128{kSecond} * there.visits;
      compare_kib("memory " + slot, is.memory_kib_us, there.memory_kib_us, kib_tolerance);
      compare_kib("memory capacity " + slot, is.memory_capacity_kib_us,
                  there.memory_capacity_kib_us, kib_tolerance);
    }
  }
}

void judge_bill(const LedgerContent& content, LedgerReader& ledger, const PriceBook& book,
                UtcTime now, Findings& findings) {
  // In 10^-21 of the currency's unit; the prices are those of the book of sim_worker.cc.
  Int128 expected = 0;
  for (const auto& [key, fields] : content.merged)
    if (std::get<3>(key) == "machine" &&
        !content.held.contains({std::get<1>(key), std::get<2>(key)}))
      expected += static_cast<Int128>(field(fields, "used.cpu")) * 1'000'000'000;
  for (const auto& [key, value] : content.added) {
    if (std::get<3>(key) != "machine") continue;
    const std::string& meter = std::get<1>(key);
    if (meter == "cpu_usage") expected += static_cast<Int128>(value) * 50'000'000'000;
    if (meter == "memory_usage") expected += static_cast<Int128>(value) * 10'000'000'000;
    if (meter == "cpu") expected += static_cast<Int128>(value) * 1'000'000'000;
  }
  const Queries queries(book, {"simulated", "digest"});
  const Period month = parse_period("this-month", *utc_zone(), now).value();
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots}) {
    const auto statement = queries.statement(ledger, month, std::nullopt, now, from, {});
    const std::string which = from == LinesFrom::kTotals ? "totals" : "slots";
    if (!statement)
      findings.push_back("no statement from " + which + ": " + statement.error().message);
    else if (!(statement.value().exact_total.value == Int256(expected)))
      findings.push_back(fmt::format("the statement from {} comes to {} instead of {}", which,
                                     to_string(statement.value().exact_total),
                                     to_string(Cost{Int256(expected)})));
  }
}

}  // namespace meterbill::sim
