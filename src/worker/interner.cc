#include "worker/interner.h"

namespace meterbill {
namespace {

template <class Keys, class Key, class Name>
Keys inverted(const std::map<Key, Name>& names) {
  Keys keys;
  for (const auto& [key, name] : names) keys.emplace(name, key);
  return keys;
}

/// The key of `name`, the next free one if it is new. Keys are given in order and never reused.
template <class Keys, class Key, class Name>
Key intern(const Name& name, Keys& keys, std::map<Key, Name>& names, std::map<Key, Name>& staged) {
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  const Key key{names.empty() ? 1 : names.rbegin()->first.value + 1};
  keys.emplace(name, key);
  names.emplace(key, name);
  staged.emplace(key, name);
  return key;
}

template <class Keys, class Key, class Name>
void forget(const std::map<Key, Name>& staged, Keys& keys, std::map<Key, Name>& names) {
  for (const auto& [key, name] : staged) {
    keys.erase(name);
    names.erase(key);
  }
}

}  // namespace

Interner::Interner(const Dictionary& known)
    : names_(known),
      machines_(inverted<decltype(machines_)>(known.machines)),
      scopes_(inverted<decltype(scopes_)>(known.scopes)),
      label_sets_(inverted<decltype(label_sets_)>(known.label_sets)),
      meters_(inverted<decltype(meters_)>(known.meters)) {}

MachineKey Interner::machine(const MachineId& name) {
  return intern(name, machines_, names_.machines, staged_.machines);
}

ScopeKey Interner::scope(const ScopeName& name) {
  return intern(name, scopes_, names_.scopes, staged_.scopes);
}

LabelSetKey Interner::labels(const Labels& labels) {
  return intern(labels, label_sets_, names_.label_sets, staged_.label_sets);
}

MeterKey Interner::meter(const MeterName& name) {
  return intern(name, meters_, names_.meters, staged_.meters);
}

std::optional<MachineKey> Interner::find_machine(const MachineId& name) const {
  const auto found = machines_.find(name);
  if (found == machines_.end()) return std::nullopt;
  return found->second;
}

std::optional<ScopeKey> Interner::find_scope(const ScopeName& name) const {
  const auto found = scopes_.find(name);
  if (found == scopes_.end()) return std::nullopt;
  return found->second;
}

void Interner::drop() {
  forget(staged_.machines, machines_, names_.machines);
  forget(staged_.scopes, scopes_, names_.scopes);
  forget(staged_.label_sets, label_sets_, names_.label_sets);
  forget(staged_.meters, meters_, names_.meters);
  staged_ = {};
}

}  // namespace meterbill
