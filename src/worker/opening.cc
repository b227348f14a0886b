// What Worker must know before its first batch, and what it derives anew then.
#include <set>

#include "worker/worker.h"

namespace meterbill {

Result<void> Worker::open(StartProgress* progress) {
  if (progress != nullptr) progress->at("reading the ledger");
  MB_TRY(const LedgerFacts facts, store_.facts());
  MB_TRY(const Dictionary dictionary, store_.dictionary());
  memory_ = std::make_unique<LedgerMemory>(dictionary);
  MB_TRY(memory_->machines, store_.machines());
  MB_TRY(memory_->holds, store_.all_holds());
  for (const auto& [machine, known] : memory_->machines) {
    MB_TRY(memory_->decisions[machine], store_.decisions(machine));
  }
  memory_->greatest_epoch = facts.greatest_epoch;
  memory_->ids_forgotten_before = facts.ids_forgotten_before;
  commits_ = facts.commits;
  MB_TRYV(price_use_.open(store_));
  MB_TRYV(remember_terms());
  if (facts.segments_digest != segments_digest_) {
    MB_TRYV(derive_anew(progress));
  }
  publish();
  return ok();
}

/// An older ledger knows which prices were used, not their currency, decimals and time zone: they
/// are taken to be those of today.
Result<void> Worker::remember_terms() {
  WriteSet write;
  write.at = clock_.now().utc;
  write.prices = price_use_.first_used({});
  if (write.prices.empty()) return ok();
  const Result<CommitOutcome> outcome = store_.commit(write, {});
  // A full disk is waited out by the loop; the next start remembers them.
  if (!outcome && outcome.error().code == Code::kDiskFull) return ok();
  if (!outcome) return outcome.error();
  MB_TRY(const bool committed, is_committed(outcome.value(), commits_));
  if (!committed) return fail(Code::kUnavailable, "the ledger did not keep the prices' terms");
  ++commits_;
  price_use_.remember(write.prices);
  return ok();
}

/// Totals are derived: when months, prices or the zone changed, they are summed again from the
/// rows. So are the facts of names, which an older ledger copied.
Result<void> Worker::derive_anew(StartProgress* progress) {
  std::int64_t summed = 0;
  Totals totals;
  FactsByName derived;
  for (const auto& [machine, facts] : memory_->machines) {
    if (progress != nullptr)
      progress->at("summing totals anew", summed++, std::ssize(memory_->machines));
    else
      publish();  // asked of a running worker, which is alive meanwhile
    if (stop_.stop_requested()) return fail(Code::kUnavailable, "the worker is stopping");
    if (!memory_->holds[machine].empty()) {
      MB_TRYV(search_holds(machine));
    }
    Batch batch(store_, *memory_, segment_of_, clock_.now().utc);
    MB_TRYV(batch.sum_machine(machine, totals, derived));
  }
  MB_TRYV(replace_facts(derived));
  std::set<std::pair<MeterName, Slot>> segments;
  for (const auto& [key, quantity] : totals)
    if (quantity != 0) segments.insert({memory_->names.name(key.meter), key.segment});
  const std::vector<PriceVersionUse> prices = price_use_.first_used(segments);
  if (progress != nullptr) progress->at("storing totals");
  MB_TRYV(store_.replace_totals(totals, segments_digest_, prices));
  price_use_.remember(prices);
  // A new ledger has nothing to sum: that is a start, no change of prices.
  if (!memory_->machines.empty())
    events_.totals_rebuilt(static_cast<std::int64_t>(memory_->machines.size()));
  MB_TRY(const LedgerFacts facts, store_.facts());
  commits_ = facts.commits;
  return ok();
}

Result<void> Worker::replace_facts(FactsByName& derived) {
  WriteSet write;
  write.at = clock_.now().utc;
  for (const auto& [machine, known] : memory_->machines) {
    MachineFacts facts = with_derived(known, derived[machine]);
    if (facts != known) write.machines[machine] = std::move(facts);
  }
  // The meters of time, which an older ledger lacks: the totals that follow use them.
  write.added = memory_->names.staged();
  if (write.machines.empty() && write.added.empty()) return ok();
  MB_TRY(const CommitOutcome outcome, store_.commit(write, {}));
  MB_TRY(const bool committed, is_committed(outcome, commits_));
  if (!committed) return fail(Code::kUnavailable, "the ledger did not keep the machines' facts");
  ++commits_;
  memory_->names.keep();
  for (const auto& [machine, facts] : write.machines) memory_->machines[machine] = facts;
  return ok();
}

/// Holds are derived too, and an older ledger's bind more than they do today, never less. The
/// totals are wrong until they are replaced; a start after a crash in between does both again.
Result<void> Worker::search_holds(MachineKey machine) {
  Batch batch(store_, *memory_, segment_of_, clock_.now().utc);
  MB_TRYV(batch.search_holds(machine));
  if (batch.write().holds.empty()) return ok();
  MB_TRY(const CommitOutcome outcome, store_.commit(batch.write(), {}));
  MB_TRY(const bool committed, is_committed(outcome, commits_));
  if (!committed) return fail(Code::kUnavailable, "the ledger did not keep the holds");
  ++commits_;
  batch.remember();
  return ok();
}

}  // namespace meterbill
