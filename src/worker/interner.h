#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "ports/ledger_store.h"

namespace meterbill {

/// Gives names their numbers. New ones are staged until the batch that needs them is committed, so
/// that a failed commit leaves no number that the ledger does not know. Of the apply thread.
class Interner {
 public:
  explicit Interner(const Dictionary& known);

  MachineKey machine(const MachineId& name);
  ScopeKey scope(const ScopeName& name);
  LabelSetKey labels(const Labels& labels);
  MeterKey meter(const MeterName& name);

  /// The number of a name that is known already.
  [[nodiscard]] std::optional<MachineKey> find_machine(const MachineId& name) const;
  [[nodiscard]] std::optional<ScopeKey> find_scope(const ScopeName& name) const;

  [[nodiscard]] const MachineId& name(MachineKey key) const { return names_.machines.at(key); }
  [[nodiscard]] const ScopeName& name(ScopeKey key) const { return names_.scopes.at(key); }
  [[nodiscard]] const MeterName& name(MeterKey key) const { return names_.meters.at(key); }

  /// What was added since the last `keep` or `drop`.
  [[nodiscard]] const Dictionary& staged() const { return staged_; }
  void keep() { staged_ = {}; }
  void drop();

 private:
  Dictionary names_;
  Dictionary staged_;
  std::unordered_map<MachineId, MachineKey> machines_;
  std::unordered_map<ScopeName, ScopeKey> scopes_;
  std::map<Labels, LabelSetKey> label_sets_;
  std::map<MeterName, MeterKey> meters_;
};

}  // namespace meterbill
