#include "worker/machine_facts.h"

#include <algorithm>

namespace meterbill {

void add_slot(Slot slot, const UsageRow& row, const std::map<EpochKey, EpochFacts>& epochs,
              const Decisions& decisions, const FactsOf& facts) {
  for (const auto& [key, usage] : row.by_epoch) {
    const EpochFacts& epoch = epochs.at(key);
    facts(owner_of(epoch.machine, epoch.boot, decisions)).add(slot);
  }
}

void add_sightings(const std::map<EpochKey, EpochFacts>& epochs, const Decisions& decisions,
                   const FactsOf& facts) {
  for (const auto& [key, epoch] : epochs)
    facts(owner_of(epoch.machine, epoch.boot, decisions)).seen.merge(epoch.seen);
}

std::set<MachineKey> renamed_to(const Decisions& decisions) {
  std::set<MachineKey> names;
  for (const auto& [boot, decision] : decisions)
    if (decision.decision == Decision::kRename) names.insert(decision.renamed_to);
  return names;
}

Result<FactsByName> facts_after(LedgerReader& ledger, std::map<MachineKey, Decisions> now,
                                MachineKey machine, const Decisions& decisions) {
  std::set<MachineKey> names = renamed_to(now[machine]);
  names.merge(renamed_to(decisions));
  names.insert(machine);
  for (const MachineKey name : names) now[name];  // it may have nothing decided, but rows
  now[machine] = decisions;
  FactsByName found;
  const FactsOf facts = [&](MachineKey name) -> MachineFacts& { return found[name]; };
  const auto concerns = [&](MachineKey name) { return names.contains(name); };
  for (const auto& entry : now) {
    const Decisions& decided = entry.second;
    if (!concerns(entry.first) && std::ranges::none_of(renamed_to(decided), concerns)) continue;
    MB_TRY(const auto epochs, ledger.epochs(entry.first));
    add_sightings(epochs, decided, facts);
    const auto each = [&](Slot slot, const UsageRow& row) -> Result<void> {
      add_slot(slot, row, epochs, decided, facts);
      return ok();
    };
    MB_TRYV(ledger.rows(entry.first, kAllSlots, each));
  }
  FactsByName concerned;
  for (const MachineKey name : names) concerned[name] = found[name];
  return concerned;
}

MachineFacts with_derived(const MachineFacts& known, const MachineFacts& derived) {
  MachineFacts facts = derived;
  facts.key = known.key;
  facts.name = known.name;
  facts.retired = known.retired;
  return facts;
}

}  // namespace meterbill
