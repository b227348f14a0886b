#pragma once

#include <functional>
#include <map>
#include <set>

#include "worker/contribution.h"

namespace meterbill {

/// The facts of a name, to be added to.
using FactsOf = std::function<MachineFacts&(MachineKey)>;
using FactsByName = std::map<MachineKey, MachineFacts>;

/// Adds a slot to the facts of the names that the epochs of its row are billed to, held and
/// discarded ones too. `epochs` holds them; `decisions` are those of their machine.
void add_slot(Slot slot, const UsageRow& row, const std::map<EpochKey, EpochFacts>& epochs,
              const Decisions& decisions, const FactsOf& facts);

/// Adds when the epochs of a machine were seen to the facts of the names they are billed to.
void add_sightings(const std::map<EpochKey, EpochFacts>& epochs, const Decisions& decisions,
                   const FactsOf& facts);

/// The names that boots are renamed to.
[[nodiscard]] std::set<MachineKey> renamed_to(const Decisions& decisions);

/// The facts of every name that a machine's boots were or will be billed to, anew from all that is,
/// when what is decided about that machine becomes `decisions`. `now`: what is decided of each
/// machine. Of what is not derived they have nothing.
[[nodiscard]] Result<FactsByName> facts_after(LedgerReader& ledger,
                                              std::map<MachineKey, Decisions> now,
                                              MachineKey machine, const Decisions& decisions);

/// `known` with the slots and the sighting of `derived`.
[[nodiscard]] MachineFacts with_derived(const MachineFacts& known, const MachineFacts& derived);

}  // namespace meterbill
