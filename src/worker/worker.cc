#include "worker/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace meterbill {
namespace {

/// A source that is not ready is told about once that has lasted: a start is no news.
constexpr std::int64_t kToldAfterUs = 5'000'000;

std::string short_name(const Source& source) {
  return source.route() == Route::kHttp ? "http" : "kafka";
}

}  // namespace

Worker::Worker(LedgerStore& store, const Clock& clock, SegmentOf segment_of,
               std::string segments_digest, PriceUse& price_use, WorkerEvents& events,
               std::vector<Source*> sources, WorkerSettings settings)
    : store_(store),
      clock_(clock),
      segment_of_(std::move(segment_of)),
      segments_digest_(std::move(segments_digest)),
      price_use_(price_use),
      events_(events),
      settings_(settings) {
  for (Source* source : sources) {
    feeds_.emplace_back().source = source;
    source->on_arrival([this] {
      const std::scoped_lock lock(wake_mutex_);
      awake_ = true;
      wake_.notify_one();
    });
  }
}

Result<void> Worker::open() {
  MB_TRY(const LedgerFacts facts, store_.facts());
  MB_TRY(const Dictionary dictionary, store_.dictionary());
  memory_ = std::make_unique<LedgerMemory>(dictionary);
  MB_TRY(memory_->machines, store_.machines());
  MB_TRY(memory_->holds, store_.all_holds());
  memory_->greatest_epoch = facts.greatest_epoch;
  memory_->ids_forgotten_before = facts.ids_forgotten_before;
  commits_ = facts.commits;
  if (facts.segments_digest != segments_digest_) {
    MB_TRYV(rebuild_totals());
  }
  MB_TRYV(price_use_.open(store_));
  MB_TRYV(remember_prices());
  publish();
  return ok();
}

/// Totals are derived: when months, prices or the zone changed, they are summed again from the
/// rows.
Result<void> Worker::rebuild_totals() {
  Totals totals;
  for (const auto& [machine, facts] : memory_->machines) {
    MB_TRY(memory_->decisions[machine], store_.decisions(machine));
    if (!memory_->holds[machine].empty()) {
      MB_TRYV(search_holds(machine));
    }
    Batch batch(store_, *memory_, segment_of_, clock_.now().utc);
    MB_TRYV(batch.sum_machine(machine, totals));
  }
  memory_->names.drop();
  std::erase_if(totals, [](const auto& entry) { return entry.second == 0; });
  MB_TRYV(store_.replace_totals(totals, segments_digest_));
  // A new ledger has nothing to sum: that is a start, no change of prices.
  if (!memory_->machines.empty())
    events_.totals_rebuilt(static_cast<std::int64_t>(memory_->machines.size()));
  MB_TRY(const LedgerFacts facts, store_.facts());
  commits_ = facts.commits;
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

Result<void> Worker::run(std::stop_token stop) {
  const std::stop_callback wake_up(stop, [this] {
    const std::scoped_lock lock(wake_mutex_);
    awake_ = true;
    wake_.notify_one();
  });
  while (!stop.stop_requested()) {
    MB_TRY(const bool worked, step());
    if (worked) continue;
    std::unique_lock lock(wake_mutex_);
    // Sources wake us; the time limit is for housekeeping, retries and the progress that readiness
    // is judged by.
    wake_.wait_for(lock, std::chrono::milliseconds(200), [this] { return awake_; });
    awake_ = false;
  }
  run_commands();
  return ok();
}

Result<bool> Worker::step() {
  run_commands();
  const std::int64_t now_us = clock_.now().monotonic_us;
  if (disk_full_since_) {
    if (now_us < retry_at_us_) {
      publish();
      return false;
    }
    MB_TRY(const bool has_space, after_disk_full());
    if (!has_space) {
      publish();
      return false;
    }
  }
  MB_TRY(const bool claimed, claim_feeds());
  std::vector<SourceBatch> batches = gather();
  const bool has_work =
      std::ranges::any_of(batches, [](const auto& batch) { return !batch.arrivals.empty(); });
  bool worked = claimed;
  if (has_work) {
    MB_TRY(worked, apply(batches));
  }
  MB_TRYV(keep_house(now_us));
  publish();
  return worked;
}

/// Also under load that never ends: else the write-ahead log would grow without end.
Result<void> Worker::keep_house(std::int64_t now_us) {
  if (disk_full_since_ || now_us - maintained_at_us_ < settings_.maintain_us) return ok();
  maintained_at_us_ = now_us;
  const Result<void> maintained = store_.maintain(clock_.now().utc);
  return maintained ? ok() : refuse_all(maintained.error());
}

/// Takes over sources whose name has become known.
Result<bool> Worker::claim_feeds() {
  bool claimed = false;
  for (Feed& feed : feeds_) {
    if (!feed.name.empty()) continue;
    const std::string name = feed.source->name();
    if (name.empty()) continue;
    const Result<Claim> claimed_now = store_.claim(name);
    if (!claimed_now) {
      MB_TRYV(refuse_all(claimed_now.error()));
      return claimed;
    }
    const Claim& claim = claimed_now.value();
    MB_TRY(const auto counts, store_.counts());
    MB_TRY(const LedgerFacts facts, store_.facts());
    commits_ = facts.commits;
    MB_TRYV(in("start " + name, feed.source->start(claim.positions)));
    feed.name = name;
    feed.fence = claim.fence;
    for (const PartitionPosition& position : claim.positions)
      feed.positions[position.partition] = position;
    const auto known = counts.find(name);
    if (known != counts.end()) feed.counts = known->second;
    events_.source_claimed(name, claim.fence);
    claimed = true;
  }
  return claimed;
}

/// Polls until the sources are empty or the batch is large or old enough.
std::vector<SourceBatch> Worker::gather() {
  std::vector<SourceBatch> batches;
  for (const Feed& feed : feeds_)
    batches.push_back({feed.name, feed.source->route(), {}, feed.positions, feed.source});
  const std::int64_t until = clock_.now().monotonic_us + settings_.batch_age_us;
  std::size_t total = 0;
  for (bool more = true; more && total < settings_.batch_max;) {
    more = false;
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
      if (feeds_[i].name.empty()) continue;
      const std::size_t before = batches[i].arrivals.size();
      feeds_[i].source->poll(batches[i].arrivals, settings_.batch_max - total);
      const std::size_t got = batches[i].arrivals.size() - before;
      total += got;
      more |= got > 0;
      if (total >= settings_.batch_max) break;
    }
    if (clock_.now().monotonic_us >= until) break;
  }
  return batches;
}

Result<bool> Worker::apply(std::vector<SourceBatch>& batches) {
  const UtcTime now = clock_.now().utc;
  Batch batch(store_, *memory_, segment_of_, now);
  Items items = read_items(batches, now, memory_->ids_forgotten_before);
  Result<void> applied = batch.apply(batches, std::move(items));
  if (!applied) {
    MB_TRYV(refuse_all(applied.error()));
    return false;
  }
  std::map<std::string, std::int64_t> fences;
  for (const Feed& feed : feeds_)
    if (!feed.name.empty()) fences[feed.name] = feed.fence;
  Result<CommitOutcome> outcome = store_.commit(batch.write(), fences);
  if (!outcome) {
    MB_TRYV(refuse_all(outcome.error()));
    return false;
  }
  MB_TRY(const bool committed, is_committed(outcome.value(), commits_));
  if (!committed) {
    MB_TRYV(refuse_all(fail(Code::kUnavailable, "the ledger did not keep the batch")));
    return false;
  }
  MB_TRYV(settle(batch, batches));
  return true;
}

/// A fence taken over by another worker ends this one; an unknown outcome is read back (hazard
/// H22).
Result<bool> Worker::is_committed(CommitOutcome outcome, std::int64_t commits_before) {
  if (outcome == CommitOutcome::kCommitted) return true;
  if (outcome == CommitOutcome::kFenced)
    return fail(Code::kConflict, "another worker has taken over this ledger; stop one of them");
  MB_TRY(const LedgerFacts facts, store_.facts());
  return facts.commits > commits_before;
}

/// The batch is durable: now it is remembered, the requests are answered and the positions told.
Result<void> Worker::settle(Batch& batch, const std::vector<SourceBatch>& batches) {
  ++commits_;
  last_commit_ = batch.write().at;
  for (const auto& [machine, holds] : batch.write().holds)
    if (is_in_conflict(holds)) events_.conflict(memory_->names.name(machine));
  batch.remember();
  for (const auto& [meter, segment] : batch.new_segments())
    price_use_.used(memory_->names.name(meter), segment);
  for (const auto& [key, counts] : batch.requests())
    if (batches[key.first].route == Route::kHttp)
      feeds_[key.first].source->answer(key.second, counts);
  for (Feed& feed : feeds_) {
    const auto counted = batch.write().counts.find(feed.name);
    if (counted != batch.write().counts.end()) feed.counts += counted->second;
    const auto moved = batch.write().positions.find(feed.name);
    if (moved == batch.write().positions.end()) continue;
    for (const PartitionPosition& position : moved->second)
      feed.positions[position.partition] = position;
    feed.source->committed(moved->second);
  }
  const auto& quarantined = batch.write().quarantine;
  if (!quarantined.empty())
    events_.quarantined(quarantined.front().source, quarantined.front().machine,
                        quarantined.front().rejection,
                        static_cast<std::int64_t>(quarantined.size()) - 1);
  return remember_prices();
}

/// A full disk takes nothing back of what is durable already; they are remembered later.
Result<void> Worker::remember_prices() {
  const Result<void> remembered = price_use_.remember(store_);
  return remembered ? ok() : refuse_all(remembered.error());
}

/// Nothing was applied. A full disk is waited out; anything else means that the ledger cannot be
/// trusted: the failure.
Result<void> Worker::refuse_all(const Error& error) {
  memory_->names.drop();
  for (Feed& feed : feeds_) feed.source->rejected(error.message);
  if (error.code != Code::kDiskFull && error.code != Code::kUnavailable) return error;
  if (!disk_full_since_) {
    disk_full_since_ = clock_.now().utc;
    events_.disk_full(error);
  }
  retry_at_us_ = clock_.now().monotonic_us + settings_.retry_us;
  return ok();
}

/// Tries an empty commit: a real write and sync, without an effect.
Result<bool> Worker::after_disk_full() {
  WriteSet nothing;
  nothing.at = clock_.now().utc;
  const Result<CommitOutcome> outcome = store_.commit(nothing, {});
  if (!outcome) {
    MB_TRYV(refuse_all(outcome.error()));
    return false;
  }
  MB_TRY(const bool committed, is_committed(outcome.value(), commits_));
  if (!committed) return false;
  ++commits_;
  disk_full_since_ = std::nullopt;
  events_.disk_has_space_again();
  for (Feed& feed : feeds_) feed.source->committed({});
  MB_TRYV(remember_prices());
  return !disk_full_since_;
}

void Worker::tell(Feed& feed, const SourceStatus& state) {
  if (disk_full_since_) return;  // told by itself
  const std::int64_t now_us = clock_.now().monotonic_us;
  const std::string reason = state.ready ? "" : state.reason;
  const std::string name = feed.name.empty() ? short_name(*feed.source) : feed.name;
  if (reason != feed.trouble) feed.trouble_since_us = now_us;
  feed.trouble = reason;
  if (reason.empty()) {
    if (!std::exchange(feed.told, "").empty()) events_.source_ready_again(name);
  } else if (reason != feed.told && now_us - feed.trouble_since_us >= kToldAfterUs) {
    events_.source_not_ready(name, reason);
    feed.told = reason;
  }
}

void Worker::publish() {
  WorkerStatus status;
  status.last_step_us = clock_.now().monotonic_us;
  status.last_commit = last_commit_;
  status.commits = commits_;
  status.machines = static_cast<std::int64_t>(memory_->machines.size());
  status.held_machines = std::ranges::count_if(
      memory_->holds, [](const auto& entry) { return is_in_conflict(entry.second); });
  status.disk_full_since = disk_full_since_;
  status.ready = !disk_full_since_;
  if (disk_full_since_)
    status.reason = fmt::format(
        "ledger disk full since {}: free space on the disk of "
        "worker.state_dir; nothing is lost",
        to_string(*disk_full_since_));
  for (Feed& feed : feeds_) {
    WorkerSourceStatus source{short_name(*feed.source), feed.name, feed.source->status(),
                              feed.counts};
    tell(feed, source.state);
    if (!source.state.ready && status.ready) {
      status.ready = false;
      status.reason = source.name + ": " + source.state.reason;
    }
    status.sources.push_back(std::move(source));
  }
  status_.with([&](WorkerStatus& shown) { shown = std::move(status); });
}

WorkerStatus Worker::status() const {
  return status_.with([](const WorkerStatus& status) { return status; });
}

}  // namespace meterbill
