#include "worker/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace meterbill {
namespace {

/// The apply loop goes round several times a second.
constexpr std::int64_t kAliveUs = 30'000'000;
/// A ledger that was written for so long can be written again.
constexpr std::int64_t kRestUs = 10'000'000;

std::string short_name(const Source& source) {
  return source.route() == Route::kHttp ? "http" : "kafka";
}

/// A portion is no larger than the batch may be.
IntakeLimits within(const WorkerSettings& settings) {
  IntakeLimits limits = settings.intake;
  limits.portion_max = std::min(limits.portion_max, settings.batch_max);
  limits.portion_age_us = std::min(limits.portion_age_us, settings.batch_age_us);
  return limits;
}

}  // namespace

Worker::Worker(LedgerStore& store, const Clock& clock, SegmentOf segment_of,
               std::string segments_digest, PriceUse& price_use, WorkerEvents& events,
               const std::vector<Source*>& sources, WorkerSettings settings)
    : store_(store),
      clock_(clock),
      segment_of_(std::move(segment_of)),
      segments_digest_(std::move(segments_digest)),
      price_use_(price_use),
      events_(events),
      settings_(settings),
      intake_(clock, within(settings)),
      watch_(events) {
  for (Source* source : sources) {
    feeds_.emplace_back().source = source;
    source->on_arrival([this] {
      const std::scoped_lock lock(wake_mutex_);
      awake_ = true;
      wake_.notify_one();
    });
  }
}

Result<void> Worker::run(const std::stop_token& stop) {
  Result<void> ran = apply_until(stop);
  {
    const std::scoped_lock lock(wake_mutex_);
    has_ended_ = true;
  }
  // Somebody waits for each that came before.
  if (ran) {
    run_commands();
  } else {
    const Error refusal = fail(Code::kUnavailable, "the worker has failed: " + ran.error().message);
    run_commands(&refusal);
  }
  return ran;
}

Result<void> Worker::apply_until(const std::stop_token& stop) {
  const std::stop_callback wake_up(stop, [this] {
    const std::scoped_lock lock(wake_mutex_);
    awake_ = true;
    wake_.notify_one();
  });
  stop_ = stop;
  while (!stop.stop_requested() || intake_.is_ahead()) {
    MB_TRY(const bool worked, step());
    if (worked) continue;
    std::unique_lock lock(wake_mutex_);
    // Sources wake us; the time limit is for housekeeping, retries and the progress that readiness
    // is judged by.
    wake_.wait_for(lock, std::chrono::milliseconds(200), [this] { return awake_; });
    awake_ = false;
  }
  return ok();
}

void Worker::give_up(const Error& error) {
  const std::scoped_lock lock(wake_mutex_);
  if (!given_up_) given_up_ = error;
  awake_ = true;
  wake_.notify_one();
}

Result<void> Worker::still_trusted() {
  const std::scoped_lock lock(wake_mutex_);
  if (given_up_) return *given_up_;
  return ok();
}

Result<bool> Worker::step() {
  MB_TRYV(still_trusted());
  // What was read ahead is of the partitions as they were: it is applied before one is changed.
  if (!intake_.is_ahead()) run_commands();
  const std::int64_t now_us = clock_.now().monotonic_us;
  if (refused_since_) {
    if (now_us < retry_at_us_) {
      publish();
      return false;
    }
    MB_TRY(const bool has_space, after_refusal());
    if (!has_space) {
      publish();
      return false;
    }
  }
  tell_of_rest(now_us);
  MB_TRY(const bool claimed, claim_feeds());
  std::vector<SourceBatch> portion = intake_.take(feeds_);
  bool worked = claimed;
  if (!is_empty(portion)) {
    if (may_read_ahead(portion)) intake_.read_ahead(feeds_);
    MB_TRY(worked, apply(portion));
  }
  MB_TRYV(keep_house(now_us));
  publish();
  return worked;
}

/// Also under load that never ends: else the write-ahead log would grow without end.
Result<void> Worker::keep_house(std::int64_t now_us) {
  if (refused_since_ || batch_ || now_us - maintained_at_us_ < settings_.maintain_us) return ok();
  maintained_at_us_ = now_us;
  const Result<void> maintained = store_.maintain(clock_.now().utc);
  if (!maintained) {
    MB_TRYV(refuse_all(maintained.error()));
  }
  // Also after a full disk, which may have stopped it half-way: an event whose id is gone must
  // never be taken for new.
  MB_TRY(const LedgerFacts facts, store_.facts());
  memory_->ids_forgotten_before = facts.ids_forgotten_before;
  return ok();
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
    MB_TRY(const std::vector<Gap> gaps, store_.gaps());
    MB_TRY(const LedgerFacts facts, store_.facts());
    commits_ = facts.commits;
    MB_TRYV(in("start " + name, feed.source->start(claim.positions)));
    feed.name = name;
    feed.fence = claim.fence;
    for (const PartitionPosition& position : claim.positions)
      feed.positions[position.partition] = position;
    for (const Gap& gap : gaps)
      if (gap.source == name) feed.expired[gap.partition] += gap.records();
    const auto known = counts.find(name);
    if (known != counts.end()) feed.counts = known->second;
    events_.source_claimed(name, claim.fence);
    claimed = true;
  }
  return claimed;
}

/// A command waits, or the one who stops us.
bool Worker::is_called() {
  if (stop_.stop_requested()) return true;
  const std::scoped_lock lock(wake_mutex_);
  return !commands_.empty();
}

bool Worker::may_read_ahead(const std::vector<SourceBatch>& portion) {
  return deliveries_in(portion) >= settings_.ahead_min && !is_called();
}

/// Merges a portion, and commits unless the batch goes on.
Result<bool> Worker::apply(std::vector<SourceBatch>& portion) {
  const Instant now = clock_.now();
  if (!batch_) {
    batch_ = std::make_unique<Batch>(store_, *memory_, segment_of_, now.utc);
    batch_since_us_ = now.monotonic_us;
  }
  batch_->follow(portion);
  Items items = read_items(portion, now.utc, memory_->ids_forgotten_before);
  const bool is_waited_for = std::ranges::any_of(portion, [](const SourceBatch& batch) {
    return batch.route == Route::kHttp && !batch.arrivals.empty();
  });
  Result<void> added = batch_->take(portion, std::move(items), now.utc);
  if (added && !is_waited_for && may_go_on()) return true;
  if (added) added = batch_->finish();
  if (!added) {
    MB_TRYV(refuse_all(added.error()));
    return false;
  }
  return commit();
}

/// Another portion stands ready, and there is room for it.
bool Worker::may_go_on() {
  return intake_.is_ahead() && !is_called() && batch_->deliveries() < settings_.batch_max &&
         batch_->rows() < settings_.batch_rows_max && batch_->bytes() < settings_.batch_bytes_max &&
         clock_.now().monotonic_us - batch_since_us_ < settings_.batch_age_us &&
         // What is put aside keeps its messages in memory.
         batch_->write().quarantine.empty();
}

Result<bool> Worker::commit() {
  add_prices(*batch_);
  std::map<std::string, std::int64_t> fences;
  for (const Feed& feed : feeds_)
    if (!feed.name.empty()) fences[feed.name] = feed.fence;
  Result<CommitOutcome> outcome = store_.commit(batch_->write(), fences);
  if (!outcome) {
    MB_TRYV(refuse_all(outcome.error()));
    return false;
  }
  MB_TRY(const bool committed, is_committed(outcome.value(), commits_));
  if (!committed) {
    MB_TRYV(refuse_all(fail(Code::kUnavailable, "the ledger did not keep the batch")));
    return false;
  }
  settle();
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
void Worker::settle() {
  const std::unique_ptr<Batch> settled = std::move(batch_);
  Batch& batch = *settled;
  commits_ += numbers_of(batch.write());
  last_commit_ = batch.write().at;
  events_.committed(commits_, static_cast<std::int64_t>(batch.deliveries()));
  for (const auto& [machine, holds] : batch.write().holds)
    if (is_in_conflict(holds)) events_.conflict(memory_->names.name(machine));
  remember(batch);
  for (const auto& [key, counts] : batch.requests())
    if (feeds_[key.first].source->route() == Route::kHttp)
      feeds_[key.first].source->answer(key.second, counts);
  for (Feed& feed : feeds_) {
    const auto counted = batch.write().counts.find(feed.name);
    if (counted != batch.write().counts.end()) feed.counts += counted->second;
    const auto moved = batch.write().positions.find(feed.name);
    if (moved == batch.write().positions.end()) continue;
    for (const PartitionPosition& position : moved->second)
      feed.positions[position.partition] = position;
    for (const Gap& gap : batch.write().gaps)
      if (gap.source == feed.name) feed.expired[gap.partition] += gap.records();
    feed.source->committed(moved->second);
  }
  for (const Gap& gap : batch.write().gaps) events_.records_expired(gap);
  const auto& quarantined = batch.write().quarantine;
  if (!quarantined.empty())
    events_.quarantined(quarantined.front().source, quarantined.front().machine,
                        quarantined.front().rejection,
                        static_cast<std::int64_t>(quarantined.size()) - 1);
}

/// Prices that are used for the first time are remembered in the transaction that uses them.
void Worker::add_prices(Batch& batch) {
  std::set<std::pair<MeterName, Slot>> segments;
  for (const auto& [meter, segment] : batch.new_segments())
    segments.insert({memory_->names.name(meter), segment});
  batch.write().prices = price_use_.first_used(segments);
}

/// The write set was committed.
void Worker::remember(Batch& batch) {
  batch.remember();
  price_use_.remember(batch.write().prices);
}

/// Nothing was applied. A full disk is waited out; anything else means that the ledger cannot be
/// trusted: the failure.
Result<void> Worker::refuse_all(const Error& error) {
  batch_.reset();
  memory_->names.drop();
  intake_.drop();
  for (Feed& feed : feeds_) feed.source->rejected(error.message);
  if (error.code != Code::kDiskFull && error.code != Code::kUnavailable) return error;
  refusal_ = error;
  if (!refused_since_) refused_since_ = clock_.now().utc;
  if (!told_refused_since_ || told_refusal_ != error.code) {
    if (!told_refused_since_) told_refused_since_ = refused_since_;
    told_refusal_ = error.code;
    events_.ledger_unwritable(error, *refused_since_);
  }
  retry_at_us_ = clock_.now().monotonic_us + settings_.retry_us;
  return ok();
}

/// Tries an empty commit: a real write and sync, without an effect.
Result<bool> Worker::after_refusal() {
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
  refused_since_ = std::nullopt;
  accepted_since_us_ = clock_.now().monotonic_us;
  for (Feed& feed : feeds_) feed.source->committed({});
  return true;
}

/// A disk that is full now and then is told of once, and once when that is over.
void Worker::tell_of_rest(std::int64_t now_us) {
  if (!told_refused_since_ || now_us - accepted_since_us_ < kRestUs) return;
  events_.ledger_writable_again(*told_refused_since_);
  told_refused_since_ = std::nullopt;
}

std::string Worker::refusal_text() const {
  const std::string since = to_string(*refused_since_);
  if (refusal_.code == Code::kDiskFull)
    return fmt::format(
        "ledger disk full since {}: free space on the disk of worker.state_dir; nothing is lost",
        since);
  return fmt::format("ledger not written since {}: {}; it is tried again, nothing is lost", since,
                     refusal_.message);
}

void Worker::publish() {
  const std::int64_t now_us = clock_.now().monotonic_us;
  WorkerStatus status;
  status.last_commit = last_commit_;
  status.commits = commits_;
  status.machines = static_cast<std::int64_t>(memory_->machines.size());
  status.held_machines = std::ranges::count_if(
      memory_->holds, [](const auto& entry) { return is_in_conflict(entry.second); });
  status.ready = !refused_since_;
  if (refused_since_) status.reason = refusal_text();
  if (refusal_.code == Code::kDiskFull) status.disk_full_since = refused_since_;
  for (Feed& feed : feeds_) {
    // Until it is claimed, the ledger's counts of it are not known.
    if (!feed.name.empty()) feed.rate.see(feed.counts.read(), now_us);
    WorkerSourceStatus source{short_name(*feed.source), feed.name,
                              feed.source->status(),    feed.counts,
                              feed.rate.per_second(),   feed.expired};
    // What a full disk does to the sources is told by itself.
    if (!refused_since_) watch_.see(source.name, source.state, now_us);
    if (!source.state.ready && status.ready) {
      status.ready = false;
      status.waits_outside = true;
      status.reason = source.name + ": " + source.state.reason;
    }
    status.sources.push_back(std::move(source));
  }
  status_.with([&](Published& shown) { shown = {std::move(status), now_us}; });
}

WorkerStatus Worker::status() const {
  Published last = status_.with([](const Published& published) { return published; });
  const std::int64_t still_us = clock_.now().monotonic_us - last.at_us;
  last.status.is_alive = still_us < kAliveUs;
  if (last.status.is_alive) return last.status;
  last.status.ready = false;
  last.status.reason = fmt::format(
      "the worker has stood still for {} s: look whether the disk of worker.state_dir answers, and "
      "restart the worker; nothing is lost",
      still_us / 1'000'000);
  for (WorkerSourceStatus& source : last.status.sources) {
    source.state.ready = false;
    source.state.stand_still("the worker stands still");
  }
  return last.status;
}

}  // namespace meterbill
