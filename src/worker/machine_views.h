#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ports/ledger_store.h"
#include "worker/api_json.h"

namespace meterbill {

/// Gathers what is shown of machines: each boot stands with the name it reported, and with the one
/// it is billed to.
class MachineViews {
 public:
  /// `names` outlives the object.
  explicit MachineViews(const Dictionary& names) : names_(names) {}

  /// What the ledger has of one machine; each once, in any order.
  void add(const MachineFacts& facts, const std::map<EpochKey, EpochFacts>& epochs,
           const Holds& holds, const Decisions& decisions);
  /// In the order of the names.
  [[nodiscard]] std::vector<MachineView> take();

 private:
  /// Of the epochs billed to a name, the one seen last, and its labels.
  struct Newest {
    std::pair<UtcTime, std::string> seen;
    LabelSetKey labels;
  };

  void see(MachineKey billed, const EpochFacts& epoch);

  const Dictionary& names_;
  std::map<MachineKey, MachineView> views_;
  std::map<MachineKey, std::vector<BootView>> boots_;
  std::map<MachineKey, Newest> newest_;
};

}  // namespace meterbill
