#include "support/memory_ledger.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

struct KnownSource {
  std::int64_t fence = 0;
  Counts counts;
  std::map<std::int32_t, PartitionPosition> positions;
  /// By partition, incarnation and first offset.
  std::map<std::tuple<std::int32_t, std::int64_t, std::int64_t>, Gap> gaps;
};

Error unknown(const char* what, std::int64_t number) {
  return fail(Code::kInvalid, fmt::format("{} {} has no name in the ledger", what, number));
}

/// Fails when a number or a name of `added` is known.
template <class Map>
Result<void> all_new(const char* what, const Map& known, const Map& added) {
  for (const auto& [key, name] : added)
    for (const auto& [known_key, known_name] : known)
      if (key == known_key || name == known_name)
        return fail(Code::kInvalid, fmt::format("{} {} is known already", what, key.value));
  return ok();
}

Sha256 sha256(const std::string& bytes) {
  Sha256 digest{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  MB_ASSERT(done == 1);
  return digest;
}

Result<void> only_effects(const WriteSet& effects) {
  if (effects.positions.empty() && effects.gaps.empty() && effects.counts.empty()) return ok();
  return fail(Code::kInvalid, "a decision moves no positions and no counts, and passes no gaps");
}

void shorten(QuarantineItem& item) {
  const auto cut = [](std::string& bytes) {
    bytes.resize(std::min(bytes.size(), kQuarantineBytesShort));
  };
  Delivery shortened = *item.delivery;
  cut(shortened.key);
  cut(shortened.value);
  shortened.headers.clear();
  item.delivery = std::make_shared<const Delivery>(std::move(shortened));
  item.releasable = false;
}

}  // namespace

struct MemoryLedger::State {
  Dictionary names;
  std::map<EpochKey, EpochFacts> epochs;
  std::map<RowKey, UsageRow> rows;
  std::map<TotalKey, Int128> totals;
  std::map<MachineKey, Holds> holds;
  std::map<MachineKey, MachineFacts> machines;
  std::map<MachineKey, Decisions> decisions;
  std::map<EventKey, UtcTime> events;
  std::map<std::int64_t, QuarantineItem> quarantine;
  std::int64_t next_quarantine = 1;
  std::map<QuarantineState, std::int64_t> quarantine_counts;
  std::deque<RecentSample> recent;  // newest last
  std::map<std::string, KnownSource> sources;
  std::map<std::int64_t, EvidenceBlock> evidence;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, PriceVersionUse> prices;
  LedgerFacts facts;
  std::map<std::string, std::shared_ptr<State>> backups;
};

/// A copy of all there is, which the ledger answers from while it lives.
class MemoryLedger::Held final : public ReadSnapshot {
 public:
  explicit Held(MemoryLedger& ledger) : ledger_(ledger), live_(ledger.state_) {
    ledger_.state_ = std::make_shared<State>(*live_);
    ++ledger_.reading_;
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() override {
    --ledger_.reading_;
    ledger_.state_ = live_;
  }

 private:
  MemoryLedger& ledger_;
  std::shared_ptr<State> live_;
};

MemoryLedger::MemoryLedger(LedgerLimits limits) : MemoryLedger(std::make_shared<State>(), limits) {}

MemoryLedger::MemoryLedger(std::shared_ptr<State> state, LedgerLimits limits)
    : state_(std::move(state)), limits_(limits) {
  state_->facts.schema_version = 6;
}

MemoryLedger::~MemoryLedger() = default;

Result<void> MemoryLedger::usable() const {
  if (broken_) return fail(Code::kIo, "the ledger failed to sync; restart to verify it");
  return ok();
}

Result<std::unique_ptr<ReadSnapshot>> MemoryLedger::snapshot() {
  MB_TRYV(usable());
  return std::unique_ptr<ReadSnapshot>(std::make_unique<Held>(*this));
}

Result<LedgerFacts> MemoryLedger::facts() {
  MB_TRYV(usable());
  LedgerFacts facts = state_->facts;
  if (!state_->epochs.empty()) facts.greatest_epoch = state_->epochs.rbegin()->first.value;
  return facts;
}

Result<Dictionary> MemoryLedger::dictionary() {
  MB_TRYV(usable());
  return state_->names;
}

Result<std::map<MachineKey, MachineFacts>> MemoryLedger::machines() {
  MB_TRYV(usable());
  std::map<MachineKey, MachineFacts> found = state_->machines;
  std::set<MachineKey> with_epochs;
  for (const auto& [key, facts] : state_->epochs) with_epochs.insert(facts.machine);
  std::erase_if(found, [&](const auto& entry) {
    return !entry.second.has_slots() && !with_epochs.contains(entry.first);
  });
  return found;
}

Result<std::vector<MachineId>> MemoryLedger::silent(UtcTime before) {
  MB_TRYV(usable());
  std::vector<MachineId> names;
  for (const auto& [key, facts] : state_->machines)
    if (facts.has_slots() && !facts.retired && facts.seen.at < before) names.push_back(facts.name);
  return names;
}

Result<std::vector<RetiredMachine>> MemoryLedger::retired_seen(UtcTime since) {
  MB_TRYV(usable());
  std::vector<RetiredMachine> found;
  for (const auto& [key, facts] : state_->machines)
    if (facts.retired && facts.seen.at >= since)
      found.push_back({facts.name, *facts.retired, facts.seen.at});
  return found;
}

Result<std::map<EpochKey, EpochFacts>> MemoryLedger::epochs(MachineKey machine) {
  MB_TRYV(usable());
  std::map<EpochKey, EpochFacts> found;
  for (const auto& [key, facts] : state_->epochs)
    if (facts.machine == machine) found.emplace(key, facts);
  return found;
}

Result<Holds> MemoryLedger::holds(MachineKey machine) {
  MB_TRYV(usable());
  const auto found = state_->holds.find(machine);
  return found == state_->holds.end() ? Holds{} : found->second;
}

Result<std::map<MachineKey, Holds>> MemoryLedger::all_holds() {
  MB_TRYV(usable());
  return state_->holds;
}

Result<Decisions> MemoryLedger::decisions(MachineKey machine) {
  MB_TRYV(usable());
  const auto found = state_->decisions.find(machine);
  return found == state_->decisions.end() ? Decisions{} : found->second;
}

Result<void> MemoryLedger::rows(MachineKey machine, SlotRange range,
                                const std::function<Result<void>(Slot, const UsageRow&)>& each) {
  MB_TRYV(usable());
  const auto& rows = state_->rows;
  ++reading_;
  Result<void> result = ok();
  for (auto at = rows.lower_bound({machine, range.begin}); at != rows.end() && result; ++at) {
    if (at->first.machine != machine || at->first.slot >= range.end) break;
    result = each(at->first.slot, at->second);
  }
  --reading_;
  return result;
}

Result<Totals> MemoryLedger::totals(MachineKey machine) {
  MB_TRYV(usable());
  Totals found;
  for (const auto& [key, quantity] : state_->totals)
    if (key.machine == machine) found.emplace(key, quantity);
  return found;
}

Result<std::map<std::string, Counts>> MemoryLedger::counts() {
  MB_TRYV(usable());
  std::map<std::string, Counts> found;
  for (const auto& [name, source] : state_->sources) found.emplace(name, source.counts);
  return found;
}

Result<std::map<std::string, std::vector<PartitionPosition>>> MemoryLedger::positions() {
  MB_TRYV(usable());
  std::map<std::string, std::vector<PartitionPosition>> found;
  for (const auto& [name, source] : state_->sources) {
    auto& positions = found[name];
    for (const auto& [partition, position] : source.positions) positions.push_back(position);
  }
  return found;
}

Result<std::vector<Gap>> MemoryLedger::gaps() {
  MB_TRYV(usable());
  std::vector<Gap> found;
  for (const auto& [name, source] : state_->sources)
    for (const auto& [key, gap] : source.gaps) found.push_back(gap);
  return found;
}

Result<std::map<QuarantineState, std::int64_t>> MemoryLedger::quarantine_counts() {
  MB_TRYV(usable());
  std::map<QuarantineState, std::int64_t> found = state_->quarantine_counts;
  for (const auto state :
       {QuarantineState::kHeld, QuarantineState::kReleased, QuarantineState::kDiscarded})
    found.try_emplace(state, 0);
  return found;
}

Result<std::vector<QuarantineItem>> MemoryLedger::quarantine(std::int64_t before, std::size_t limit,
                                                             std::string_view machine) {
  MB_TRYV(usable());
  std::vector<QuarantineItem> found;
  auto at = before == 0 ? state_->quarantine.end() : state_->quarantine.lower_bound(before);
  while (at != state_->quarantine.begin() && found.size() < limit)
    if ((--at)->second.machine == machine || machine.empty()) found.push_back(at->second);
  return found;
}

Result<QuarantineItem> MemoryLedger::quarantine_item(std::int64_t id) {
  MB_TRYV(usable());
  const auto found = state_->quarantine.find(id);
  if (found == state_->quarantine.end())
    return fail(Code::kNotFound, fmt::format("no quarantined item {}", id));
  return found->second;
}

Result<std::vector<RecentSample>> MemoryLedger::recent(std::size_t limit) {
  MB_TRYV(usable());
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, state_->recent.size()));
  return std::vector<RecentSample>(state_->recent.rbegin(), state_->recent.rbegin() + count);
}

Result<std::vector<PriceVersionUse>> MemoryLedger::price_versions() {
  MB_TRYV(usable());
  std::vector<PriceVersionUse> found;
  for (const auto& [key, use] : state_->prices) found.push_back(use);
  return found;
}

Result<std::vector<EvidenceBatch>> MemoryLedger::evidence_of(std::span<const RowKey> rows,
                                                             std::int64_t from, std::size_t limit) {
  MB_TRYV(usable());
  std::vector<EvidenceBatch> found;
  const auto& kept = state_->evidence;
  for (auto at = kept.lower_bound(from); at != kept.end() && found.size() < limit; ++at) {
    const EvidenceBlock& block = at->second;
    const auto is_touched = [&](RowKey row) { return std::ranges::count(block.touched, row) > 0; };
    if (std::ranges::any_of(rows, is_touched))
      found.push_back({.batch = at->first, .at = block.at, .raw_bytes = block.raw_bytes});
  }
  return found;
}

Result<void> MemoryLedger::evidence(std::int64_t batch,
                                    const std::function<Result<void>(EvidenceItem&&)>& each) {
  MB_TRYV(usable());
  const auto found = state_->evidence.find(batch);
  if (found == state_->evidence.end())
    return fail(Code::kNotFound, fmt::format("no evidence of batch {}", batch));
  return unpack_evidence(found->second.bytes, found->second.raw_bytes, each);
}

CommitFault MemoryLedger::next_fault() {
  if (faults_.empty()) return CommitFault::kNone;
  const CommitFault fault = faults_.front();
  faults_.pop_front();
  return fault;
}

Result<Claim> MemoryLedger::claim(const std::string& source) {
  MB_TRYV(usable());
  if (next_fault() == CommitFault::kDiskFull) return fail(Code::kDiskFull, "no space left");
  KnownSource& known = state_->sources[source];
  Claim claim{.fence = ++known.fence, .positions = {}};
  for (const auto& [partition, position] : known.positions) claim.positions.push_back(position);
  return claim;
}

Result<Loaded> MemoryLedger::load(std::span<const RowKey> rows,
                                  std::span<const std::pair<MachineKey, EpochId>> epochs,
                                  std::span<const TotalKey> totals) {
  MB_TRYV(usable());
  Loaded loaded;
  for (const RowKey& key : rows) {
    const auto found = state_->rows.find(key);
    if (found == state_->rows.end()) continue;
    loaded.rows.emplace(key, found->second);
    for (const auto& [epoch, usage] : found->second.by_epoch)
      loaded.epochs.emplace(epoch, state_->epochs.at(epoch));
  }
  for (const auto& wanted : epochs)
    for (const auto& [key, facts] : state_->epochs)
      if (facts.machine == wanted.first && facts.epoch == wanted.second)
        loaded.epochs.emplace(key, facts);
  for (const TotalKey& key : totals) {
    const auto found = state_->totals.find(key);
    if (found != state_->totals.end()) loaded.totals.emplace(key, found->second);
  }
  return loaded;
}

Result<EvidenceBlock> MemoryLedger::pack(std::span<const EvidenceRef> items) const {
  return pack_evidence(items);
}

Result<std::vector<EventKey>> MemoryLedger::known_events(std::span<const EventKey> keys) {
  MB_TRYV(usable());
  std::vector<EventKey> known;
  for (const EventKey& key : keys)
    if (state_->events.contains(key)) known.push_back(key);
  return known;
}

bool MemoryLedger::fenced(const WriteSet& write,
                          const std::map<std::string, std::int64_t>& fences) const {
  const auto is_mine = [&](const std::string& source) {
    const auto known = state_->sources.find(source);
    const auto mine = fences.find(source);
    return known != state_->sources.end() && mine != fences.end() &&
           known->second.fence == mine->second;
  };
  std::set<std::string> sources;
  for (const auto& entry : write.positions) sources.insert(entry.first);
  for (const auto& entry : write.counts) sources.insert(entry.first);
  for (const Gap& gap : write.gaps) sources.insert(gap.source);
  return !std::ranges::all_of(sources, is_mine);
}

Result<void> MemoryLedger::check_names(const WriteSet& write) const {
  MB_TRYV(all_new("machine", state_->names.machines, write.added.machines));
  MB_TRYV(all_new("scope", state_->names.scopes, write.added.scopes));
  MB_TRYV(all_new("label set", state_->names.label_sets, write.added.label_sets));
  MB_TRYV(all_new("meter", state_->names.meters, write.added.meters));
  for (const auto& [key, facts] : write.epochs)
    for (const auto& [known, known_facts] : state_->epochs)
      if (key == known ||
          (facts.machine == known_facts.machine && facts.epoch == known_facts.epoch))
        return fail(Code::kInvalid, fmt::format("epoch {} is known already", key.value));
  return ok();
}

Result<void> MemoryLedger::check(const WriteSet& write) const {
  MB_TRYV(check_names(write));
  const Dictionary& known = state_->names;
  const auto machine = [&](MachineKey key) -> Result<void> {
    if (known.machines.contains(key) || write.added.machines.contains(key)) return ok();
    return unknown("machine", key.value);
  };
  const auto epoch = [&](EpochKey key) -> Result<void> {
    if (state_->epochs.contains(key) ||
        std::ranges::any_of(write.epochs, [&](const auto& added) { return added.first == key; }))
      return ok();
    return unknown("epoch", key.value);
  };
  for (const auto& [key, facts] : write.epochs) {
    MB_TRYV(machine(facts.machine));
  }
  for (const auto& [key, sighting] : write.seen) {
    MB_TRYV(epoch(key));
  }
  for (const auto& [key, row] : write.rows) {
    MB_TRYV(machine(key.machine));
    for (const auto& [epoch_key, usage] : row.by_epoch) {
      MB_TRYV(epoch(epoch_key));
    }
  }
  for (const auto& [key, facts] : write.machines) {
    MB_TRYV(machine(key));
  }
  for (const auto& [key, holds] : write.holds) {
    MB_TRYV(machine(key));
    for (const auto& [epoch_key, slot] : holds) {
      MB_TRYV(epoch(epoch_key));
    }
  }
  for (const auto& [key, quantity] : write.totals) {
    if (quantity == 0) continue;
    MB_TRYV(machine(key.machine));
    if (!known.scopes.contains(key.scope) && !write.added.scopes.contains(key.scope))
      return unknown("scope", key.scope.value);
    if (!known.meters.contains(key.meter) && !write.added.meters.contains(key.meter))
      return unknown("meter", key.meter.value);
  }
  for (const RecentSample& sample : write.recent) {
    MB_TRYV(machine(sample.machine));
  }
  for (const Gap& gap : write.gaps) {
    if (!passes(write, gap)) return fail(Code::kInvalid, "not passed: " + to_string(gap));
    const auto source = state_->sources.find(gap.source);
    if (source != state_->sources.end() &&
        source->second.gaps.contains({gap.partition, gap.incarnation, gap.from}))
      return fail(Code::kInvalid, "known already: " + to_string(gap));
  }
  return ok();
}

void MemoryLedger::apply_quarantine(QuarantineItem item) {
  LedgerFacts& facts = state_->facts;
  state_->quarantine_counts[QuarantineState::kHeld] += item.count;
  const auto same = std::ranges::find_if(state_->quarantine, [&](const auto& entry) {
    const QuarantineItem& known = entry.second;
    return !item.reading_key.empty() && known.reading_key == item.reading_key &&
           known.rejection.reason == item.rejection.reason && known.state == QuarantineState::kHeld;
  });
  const bool is_new = same == state_->quarantine.end();
  const std::int64_t freed = is_new ? 0 : stored_bytes(same->second);
  const auto past = [&](std::int64_t limit) {
    return facts.quarantine_bytes - freed + stored_bytes(item) > limit;
  };
  item.state = QuarantineState::kHeld;
  item.releasable = true;
  item.value_bytes = static_cast<std::int64_t>(item.delivery->value.size());
  item.value_digest = sha256(item.delivery->value);
  if (past(limits_.quarantine_bytes_max)) shorten(item);
  const bool fits = !past(2 * limits_.quarantine_bytes_max);
  if (is_new) {
    if (!fits) {
      facts.quarantine_not_kept += item.count;
      return;
    }
    item.id = state_->next_quarantine++;
    facts.quarantine_bytes += stored_bytes(item);
    state_->quarantine.emplace(item.id, std::move(item));
    return;
  }
  QuarantineItem& known = same->second;
  known.count += item.count;
  known.first_at = std::min(item.first_at, known.first_at);
  known.last_at = std::max(item.last_at, known.last_at);
  if (item.weight <= known.weight || !fits) return;
  item.id = known.id;
  item.count = known.count;
  item.first_at = known.first_at;
  item.last_at = known.last_at;
  facts.quarantine_bytes += stored_bytes(item) - freed;
  known = std::move(item);
}

void MemoryLedger::apply_names(const WriteSet& write) {
  Dictionary& names = state_->names;
  names.machines.insert(write.added.machines.begin(), write.added.machines.end());
  names.scopes.insert(write.added.scopes.begin(), write.added.scopes.end());
  names.label_sets.insert(write.added.label_sets.begin(), write.added.label_sets.end());
  names.meters.insert(write.added.meters.begin(), write.added.meters.end());
  state_->epochs.insert(write.epochs.begin(), write.epochs.end());
  for (const auto& [key, sighting] : write.seen) state_->epochs.at(key).seen = sighting;
}

void MemoryLedger::remember(std::span<const PriceVersionUse> prices) {
  for (const PriceVersionUse& use : prices)
    state_->prices.try_emplace({use.meter, use.unit, use.scopes, use.from}, use);
}

void MemoryLedger::apply(const WriteSet& write) {
  MB_ASSERT(reading_ == 0);
  apply_names(write);
  for (const auto& [key, row] : write.rows) state_->rows.insert_or_assign(key, row);
  for (const auto& [key, quantity] : write.totals) {
    if (quantity == 0)
      state_->totals.erase(key);
    else
      state_->totals.insert_or_assign(key, quantity);
  }
  for (const auto& [machine, holds] : write.holds) {
    if (holds.empty())
      state_->holds.erase(machine);
    else
      state_->holds.insert_or_assign(machine, holds);
  }
  for (const auto& [key, facts] : write.machines) {
    MachineFacts& known = state_->machines[key];
    known = facts;
    known.key = key;
    known.name = state_->names.machines.at(key);
  }
  state_->events.insert(write.event_ids.begin(), write.event_ids.end());
  for (const QuarantineItem& item : write.quarantine) apply_quarantine(item);
  for (const RecentSample& sample : write.recent) {
    state_->recent.push_back(sample);
    if (state_->recent.size() > kRecentMax) state_->recent.pop_front();
  }
  remember(write.prices);
  for (const auto& [source, counts] : write.counts) state_->sources[source].counts += counts;
  for (const auto& [source, positions] : write.positions)
    for (const PartitionPosition& position : positions)
      state_->sources[source].positions.insert_or_assign(position.partition, position);
  for (const Gap& gap : write.gaps)
    state_->sources[gap.source].gaps.emplace(std::tuple(gap.partition, gap.incarnation, gap.from),
                                             gap);
  std::int64_t number = state_->facts.commits;
  state_->facts.commits += numbers_of(write);
  for (const EvidenceBlock& block : write.evidence) state_->evidence[++number] = block;
}

Result<CommitOutcome> MemoryLedger::commit(const WriteSet& write,
                                           const std::map<std::string, std::int64_t>& fences) {
  MB_TRYV(usable());
  if (fenced(write, fences)) return CommitOutcome::kFenced;
  MB_TRYV(check(write));
  if (const CommitFault fault = next_fault(); fault != CommitFault::kNone) {
    if (fault == CommitFault::kDiskFull) return fail(Code::kDiskFull, "no space left");
    if (fault == CommitFault::kUnknownLost) return CommitOutcome::kUnknown;
    if (fault == CommitFault::kIo) {
      broken_ = true;
      return usable().error();
    }
    apply(write);
    return CommitOutcome::kUnknown;
  }
  apply(write);
  return CommitOutcome::kCommitted;
}

Result<void> MemoryLedger::decide(MachineKey machine, const BootId& boot, BootDecision decision,
                                  const WriteSet& effects) {
  MB_TRYV(usable());
  MB_TRYV(only_effects(effects));
  MB_TRYV(check(effects));
  const auto known = [&](MachineKey key) {
    return state_->names.machines.contains(key) || effects.added.machines.contains(key);
  };
  if (!known(machine)) return unknown("machine", machine.value);
  if (decision.decision == Decision::kRename && !known(decision.renamed_to))
    return unknown("machine", decision.renamed_to.value);
  apply(effects);
  state_->decisions[machine].insert_or_assign(boot, decision);
  return ok();
}

Result<void> MemoryLedger::settle_quarantine(std::int64_t id, QuarantineState state,
                                             const WriteSet& effects) {
  MB_TRYV(usable());
  MB_TRYV(only_effects(effects));
  const auto found = state_->quarantine.find(id);
  if (found == state_->quarantine.end())
    return fail(Code::kNotFound, fmt::format("no quarantined item {}", id));
  QuarantineItem& item = found->second;
  if (state == QuarantineState::kHeld || item.state != QuarantineState::kHeld)
    return fail(Code::kRefused, fmt::format("quarantined item {} is settled already", id));
  if (state == QuarantineState::kReleased && !item.releasable)
    return fail(Code::kRefused, fmt::format("quarantined item {} was kept shortened", id));
  MB_TRYV(check(effects));
  item.state = state;
  state_->quarantine_counts[QuarantineState::kHeld] -= item.count;
  state_->quarantine_counts[state] += item.count;
  apply(effects);
  return ok();
}

Result<void> MemoryLedger::replace_totals(const Totals& totals, const std::string& digest,
                                          std::span<const PriceVersionUse> prices) {
  MB_TRYV(usable());
  const CommitFault fault = next_fault();
  if (fault == CommitFault::kDiskFull) return fail(Code::kDiskFull, "no space left");
  WriteSet write;
  write.totals = totals;
  MB_TRYV(check(write));
  remember(prices);
  state_->totals.clear();
  for (const auto& [key, quantity] : totals)
    if (quantity != 0) state_->totals.emplace(key, quantity);
  state_->facts.segments_digest = digest;
  if (fault == CommitFault::kUnknownApplied) return fail(Code::kIo, "the outcome is unknown");
  return ok();
}

void MemoryLedger::forget(UtcTime now) {
  const std::int64_t before = (now.us - limits_.evidence_keep_us) / kHourUs * kHourUs;
  std::erase_if(state_->evidence, [&](const auto& entry) {
    const UtcTime at = entry.second.at;
    if (at.us >= before) return false;
    std::optional<UtcTime>& forgotten = state_->facts.evidence_forgotten;
    forgotten = std::max(forgotten.value_or(at), at);
    return true;
  });
  std::int64_t& bytes = state_->facts.quarantine_bytes;
  std::erase_if(state_->quarantine, [&](const auto& entry) {
    const bool goes =
        bytes > limits_.quarantine_bytes_max && entry.second.state != QuarantineState::kHeld;
    if (goes) bytes -= stored_bytes(entry.second);
    return goes;
  });
}

Result<void> MemoryLedger::maintain(UtcTime now) {
  MB_TRYV(usable());
  ++maintained_;
  if (next_fault() == CommitFault::kDiskFull) return fail(Code::kDiskFull, "no space left");
  forget(now);
  const UtcTime before{(now.us - limits_.event_reach_back_us) / kHourUs * kHourUs};
  const auto forgotten =
      std::erase_if(state_->events, [&](const auto& entry) { return entry.second < before; });
  if (forgotten > 0)
    state_->facts.ids_forgotten_before =
        std::max(state_->facts.ids_forgotten_before.value_or(before), before);
  return ok();
}

Result<BackupFacts> MemoryLedger::backup(const std::string& path, const std::stop_token& stop,
                                         const BackupProgress& progress) {
  MB_TRYV(usable());
  if (state_->backups.contains(path)) return fail(Code::kConflict, path + " exists already");
  auto copy = std::make_shared<State>(*state_);
  if (progress) progress(1, 2);
  if (during_backup_) during_backup_();
  if (stop.stop_requested()) return fail(Code::kUnavailable, "stopped before it was complete");
  if (progress) progress(2, 2);
  const BackupFacts facts{.bytes = 2, .commits = copy->facts.commits};
  state_->backups.emplace(path, std::move(copy));
  return facts;
}

std::shared_ptr<MemoryLedger::State> MemoryLedger::backup_at(const std::string& path) const {
  const auto found = state_->backups.find(path);
  return found == state_->backups.end() ? nullptr : found->second;
}

Result<void> MemoryLedger::remember_backup(UtcTime at) {
  MB_TRYV(usable());
  state_->facts.last_backup = at;
  return ok();
}

}  // namespace meterbill
