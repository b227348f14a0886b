// Worker's operator commands: each runs on the apply thread, between two batches, as one
// transaction.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "worker/worker.h"

namespace meterbill {
namespace {

/// So far a clock may be ahead that an operator vouches for.
constexpr std::int64_t kAheadMaxUs = std::int64_t{86'400} * 1'000'000;

/// A slot that lies further ahead, if there is one.
std::optional<Slot> far_ahead(const Items& items, UtcTime now) {
  std::optional<Slot> found;
  const auto see = [&](Slot slot) {
    if (slot.start().us - now.us > kAheadMaxUs) found = slot;
  };
  for (const ReadyReading& item : items.readings) see(item.reading.slot);
  for (const ReadySample& item : items.samples) see(item.slot);
  for (const ReadyEvent& item : items.events) see(item.slot);
  return found;
}

}  // namespace

template <class Value>
Value Worker::call(std::function<Value()> command) {
  auto answer = std::make_shared<std::promise<Value>>();
  std::future<Value> result = answer->get_future();
  {
    const std::scoped_lock lock(wake_mutex_);
    if (has_ended_) return fail(Code::kUnavailable, "the worker is stopping");
    commands_.emplace_back([answer, command = std::move(command)](const Error* refusal) {
      answer->set_value(refusal == nullptr ? command() : Value(*refusal));
    });
    awake_ = true;
    wake_.notify_one();
  }
  return result.get();
}

void Worker::run_commands(const Error* refusal) {
  std::deque<Command> commands;
  {
    const std::scoped_lock lock(wake_mutex_);
    commands.swap(commands_);
  }
  for (const Command& command : commands) command(refusal);
}

Result<void> Worker::resolve(const MachineId& machine, const BootId& boot, Decision decision,
                             const MachineId& renamed_to) {
  return call<Result<void>>([&] {
    return resolve_now(machine, boot, {decision, MachineKey{}}, renamed_to);
  });
}

Result<void> Worker::resolve_now(const MachineId& machine, const BootId& boot,
                                 BootDecision decision, const MachineId& renamed_to) {
  const auto key = memory_->names.find_machine(machine);
  if (!key || !memory_->machines.contains(*key))
    return fail(Code::kNotFound,
                fmt::format("no machine '{}'; `meterbill machine list` names them", machine.str()));
  MB_TRY(const auto epochs, store_.epochs(*key));
  const bool boot_known =
      std::ranges::any_of(epochs, [&](const auto& entry) { return entry.second.boot == boot; });
  if (decision.decision != Decision::kSum && (boot.empty() || !boot_known))
    return fail(Code::kNotFound, fmt::format("machine '{}' has no boot '{}'; `meterbill machine "
                                             "list --machine {}` names its boots",
                                             machine.str(), boot.str(), machine.str()));
  // It would lie in wait for the first machine that takes the name for its own.
  if (decision.decision == Decision::kSum && epochs.empty())
    return fail(Code::kInvalid,
                fmt::format("nothing came under the name '{}' itself: there is nothing to sum",
                            machine.str()));
  const BootId subject = decision.decision == Decision::kSum ? BootId{} : boot;
  MB_TRY(Decisions decisions, store_.decisions(*key));
  Batch batch(store_, *memory_, segment_of_, clock_.now().utc);
  if (decision.decision == Decision::kRename) {
    if (!is_machine_id(renamed_to.str()))
      return fail(Code::kInvalid,
                  fmt::format("'{}' is no machine name; choose another", renamed_to.str()));
    MB_TRY(const bool taken, is_taken(renamed_to, *key));
    if (taken)
      return fail(Code::kInvalid,
                  fmt::format("'{}' is another machine; choose a new name, or one that has nothing "
                              "but boots renamed from '{}'",
                              renamed_to.str(), machine.str()));
    decision.renamed_to = memory_->names.machine(renamed_to);
  }
  decisions[subject] = decision;
  Result<void> done = batch.redecide(*key, decisions);
  add_prices(batch);
  if (done) done = store_.decide(*key, subject, decision, batch.write());
  if (!done) {
    memory_->names.drop();
    return done;
  }
  ++commits_;
  remember(batch);
  events_.decided(machine, subject, decision.decision);
  return ok();
}

/// By something that arrived under the name itself, or by boots of other machines than `machine`.
Result<bool> Worker::is_taken(const MachineId& name, MachineKey machine) {
  const auto key = memory_->names.find_machine(name);
  if (!key || !memory_->machines.contains(*key)) return false;
  MB_TRY(const auto own, store_.epochs(*key));
  if (!own.empty()) return true;
  return std::ranges::any_of(memory_->decisions, [&](const auto& decided) {
    return decided.first != machine && renamed_to(decided.second).contains(*key);
  });
}

Result<void> Worker::retire(const MachineId& machine, std::optional<UtcTime> at) {
  return call<Result<void>>([&]() -> Result<void> {
    const auto key = memory_->names.find_machine(machine);
    if (!key || !memory_->machines.contains(*key))
      return fail(
          Code::kNotFound,
          fmt::format("no machine '{}'; `meterbill machine list` names them", machine.str()));
    const MachineFacts& facts = memory_->machines.at(*key);
    // Time before it was ever seen is not expected anyway: that is a slip of the pen.
    if (at && *at < facts.first_slot.start())
      return fail(Code::kInvalid,
                  fmt::format("machine '{}' was first metered at {}: name a later time than {}",
                              machine.str(), to_string(facts.first_slot), to_string(*at)));
    WriteSet write;
    write.at = clock_.now().utc;
    if (!at && !facts.retired)
      return fail(Code::kInvalid, fmt::format("machine '{}' is not retired", machine.str()));
    // Until then time would be expected, and after it not: what will be is not known today.
    if (at && *at > write.at)
      return fail(Code::kInvalid,
                  fmt::format("{} is in the future, it is {}: retire machine '{}' when it is gone",
                              to_string(*at), to_string(write.at), machine.str()));
    write.machines[*key] = facts;
    write.machines[*key].retired = at;
    MB_TRY(const CommitOutcome outcome, store_.commit(write, {}));
    MB_TRY(const bool committed, is_committed(outcome, commits_));
    if (!committed) return fail(Code::kUnavailable, "the ledger did not keep it; try again");
    ++commits_;
    memory_->machines[*key] = write.machines[*key];
    return ok();
  });
}

Result<void> Worker::release(std::int64_t quarantine_id) {
  return call<Result<void>>([&] { return release_now(quarantine_id); });
}

/// Applies a quarantined item on the operator's word: plausibility, age and replay are not asked
/// again; what is of another day to come, what cannot be read or does not fit stays where it is.
/// Counts of deliveries do not change: released ones are counted beside (invariant 6).
Result<void> Worker::release_now(std::int64_t quarantine_id) {
  MB_TRY(const QuarantineItem item, store_.quarantine_item(quarantine_id));
  if (item.state != QuarantineState::kHeld)
    return fail(Code::kRefused,
                fmt::format("item {} is {} already", quarantine_id, to_string(item.state)));
  if (!item.releasable)
    return fail(
        Code::kRefused,
        fmt::format("item {0} was kept shortened and cannot be applied; `meterbill quarantine "
                    "discard {0}` settles it",
                    quarantine_id));
  std::vector<SourceBatch> batches(1);
  batches.front().source = item.source;
  batches.front().route = item.source == "http" ? Route::kHttp : Route::kKafka;
  batches.front().arrivals.push_back({*item.delivery, item.position, 0});
  const UtcTime now = clock_.now().utc;
  Items items = read_items(batches, now, std::nullopt, Checks::kReleased);
  if (item.ordinal) {
    std::erase_if(items.readings, [&](const auto& r) { return r.origin.ordinal != item.ordinal; });
    std::erase_if(items.refused, [&](const auto& r) { return r.origin.ordinal != item.ordinal; });
  }
  // With it every bill until then would reach into the future.
  if (const auto slot = far_ahead(items, now))
    return fail(Code::kRefused,
                fmt::format("item {0} is of {1}, more than a day ahead: release it in its time, "
                            "or `meterbill quarantine discard {0}` settles it",
                            quarantine_id, to_string(*slot)));
  Batch batch(store_, *memory_, segment_of_, now);
  Result<void> done = batch.apply(batches, std::move(items), Released{item.ordinal});
  add_prices(batch);
  if (done && !batch.write().quarantine.empty())
    done = fail(Code::kRefused,
                fmt::format("item {0} cannot be applied: {1}; `meterbill quarantine discard {0}` "
                            "settles it",
                            quarantine_id, batch.write().quarantine.front().rejection.detail));
  if (done) {
    batch.write().counts.clear();
    done = store_.settle_quarantine(quarantine_id, QuarantineState::kReleased, batch.write());
  }
  if (!done) {
    memory_->names.drop();
    return done;
  }
  ++commits_;
  remember(batch);
  return ok();
}

Result<void> Worker::discard(std::int64_t quarantine_id) {
  return call<Result<void>>([&]() -> Result<void> {
    MB_TRY(const QuarantineItem item, store_.quarantine_item(quarantine_id));
    if (item.state != QuarantineState::kHeld)
      return fail(Code::kRefused,
                  fmt::format("item {} is {} already", quarantine_id, to_string(item.state)));
    WriteSet nothing;
    nothing.at = clock_.now().utc;
    MB_TRYV(store_.settle_quarantine(quarantine_id, QuarantineState::kDiscarded, nothing));
    ++commits_;
    return ok();
  });
}

Result<void> Worker::accept(const std::string& source, std::int32_t partition) {
  return call<Result<void>>([&] { return accept_now(source, partition); });
}

Result<void> Worker::accept_now(const std::string& source, std::int32_t partition) {
  const auto feed = std::ranges::find_if(feeds_, [&](const Feed& known) {
    return known.source->route() == Route::kKafka && (source == "kafka" || source == known.name);
  });
  const bool reads_kafka = std::ranges::any_of(
      feeds_, [](const Feed& known) { return known.source->route() == Route::kKafka; });
  if (!reads_kafka)
    return fail(Code::kNotFound, "this worker has no Kafka source: worker.kafka is off");
  if (feed == feeds_.end()) return fail(Code::kNotFound, fmt::format("no source '{}'", source));
  MB_TRY(const PartitionPosition position, feed->source->accept(partition));
  WriteSet write;
  write.at = clock_.now().utc;
  write.positions[feed->name] = {position};
  MB_TRY(const CommitOutcome outcome, store_.commit(write, {{feed->name, feed->fence}}));
  MB_TRY(const bool committed, is_committed(outcome, commits_));
  if (!committed) return fail(Code::kUnavailable, "the ledger did not keep it; try again");
  ++commits_;
  feed->positions[partition] = position;
  feed->source->committed({&position, 1});
  events_.partition_accepted(feed->name, partition);
  return ok();
}

Result<void> Worker::change_prices(const WorkerPrices& prices,
                                   const std::function<void()>& in_use) {
  return call<Result<void>>([&]() -> Result<void> {
    MB_TRYV(change_prices_now(prices));
    in_use();
    return ok();
  });
}

/// The totals and the digest of their segments change in one transaction, the last that is done:
/// until it is there, all is as it was.
Result<void> Worker::change_prices_now(const WorkerPrices& prices) {
  const WorkerPrices before{price_use_.book(), segment_of_, segments_digest_};
  use_prices(prices);
  Result<void> changed = remember_terms();
  if (changed && segments_digest_ != before.segments_digest) changed = derive_anew(nullptr);
  if (changed) return ok();
  memory_->names.drop();
  // A failure may come behind the transaction: what the ledger says counts.
  const Result<LedgerFacts> facts = store_.facts();
  const bool is_as_before = facts && facts.value().segments_digest == before.segments_digest;
  if (!is_as_before || changed.error().code == Code::kDamaged) give_up(changed.error());
  use_prices(before);
  return changed;
}

void Worker::use_prices(const WorkerPrices& prices) {
  segment_of_ = prices.segment_of;
  segments_digest_ = prices.segments_digest;
  price_use_.use(prices.book);
}

Result<void> Worker::remember_backup(UtcTime at) {
  return call<Result<void>>([&] { return store_.remember_backup(at); });
}

}  // namespace meterbill
