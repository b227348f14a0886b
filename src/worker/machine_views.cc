#include "worker/machine_views.h"

#include <algorithm>

#include "worker/contribution.h"

namespace meterbill {

void MachineViews::add(const MachineFacts& facts, const std::map<EpochKey, EpochFacts>& epochs,
                       const Holds& holds, const Decisions& decisions) {
  MachineView& view = views_[facts.key];
  view.facts = facts;
  view.in_conflict = is_in_conflict(holds);
  const auto of_all = decisions.find(BootId{});
  view.is_summed = of_all != decisions.end() && of_all->second.decision == Decision::kSum;
  std::map<BootId, BootView> boots;
  for (const auto& [key, epoch] : epochs) {
    if (epoch.boot.empty()) continue;
    see(owner_of(facts.key, epoch.boot, decisions), epoch);
    BootView& boot = boots[epoch.boot];
    boot.boot = epoch.boot;
    ++boot.epochs;
    const auto hold = holds.find(key);
    if (hold == holds.end()) continue;
    boot.in_conflict |= hold->second.waits();
    boot.is_discarded |= hold->second.discarded.has_value();
  }
  for (auto& [id, boot] : boots) {
    const auto decided = decisions.find(id);
    if (decided != decisions.end()) boot.decision = decided->second.decision;
    if (boot.decision == Decision::kRename) {
      BootView there = boot;
      there.renamed_from = facts.name;
      boots_[decided->second.renamed_to].push_back(std::move(there));
      boot.renamed_to = names_.machines.at(decided->second.renamed_to);
    }
    boots_[facts.key].push_back(std::move(boot));
  }
}

/// Two that were seen last at one time: the epochs' names decide, not which came first.
void MachineViews::see(MachineKey billed, const EpochFacts& epoch) {
  Newest candidate{{epoch.seen.at, epoch.epoch.str()}, epoch.labels};
  Newest& newest = newest_[billed];
  if (newest.seen < candidate.seen) newest = std::move(candidate);
}

std::vector<MachineView> MachineViews::take() {
  std::vector<MachineView> sorted;
  for (auto& [key, view] : views_) {
    view.boots = std::move(boots_[key]);
    std::ranges::sort(view.boots, {}, [](const BootView& boot) {
      return std::pair(boot.boot, boot.renamed_from.value_or(MachineId{}));
    });
    const auto labels = names_.label_sets.find(newest_[key].labels);
    if (labels != names_.label_sets.end()) view.labels = labels->second;
    sorted.push_back(std::move(view));
  }
  std::ranges::sort(sorted, {}, [](const MachineView& view) { return view.facts.name; });
  return sorted;
}

}  // namespace meterbill
