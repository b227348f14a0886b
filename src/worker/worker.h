#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/start_progress.h"
#include "ports/ledger_store.h"
#include "ports/source.h"
#include "worker/batch.h"
#include "worker/feed.h"
#include "worker/intake.h"
#include "worker/price_use.h"
#include "worker/source_watch.h"
#include "worker/worker_events.h"

namespace meterbill {

struct WorkerSettings {
  IntakeLimits intake = {};
  /// A portion of so many deliveries means load: the next one is read ahead.
  std::size_t ahead_min = 1'000;
  // A batch gets no further portion once it has so many deliveries, rows or bytes, or is
  // so old.
  std::size_t batch_max = 500'000;
  std::size_t batch_rows_max = 200'000;
  std::size_t batch_bytes_max = std::size_t{256} << 20;
  std::int64_t batch_age_us = 10'000'000;
  std::int64_t retry_us = 1'000'000;     ///< after a full disk
  std::int64_t maintain_us = 5'000'000;  ///< between two rounds of housekeeping
};

/// What one source does, for status.
struct WorkerSourceStatus {
  std::string name;  ///< `http`, `kafka`
  std::string ledger_name;
  SourceStatus state;
  Counts counts;
  std::int64_t read_per_s = 0;                        ///< items of the last ten seconds
  std::map<std::int32_t, std::int64_t> expired = {};  ///< records in gaps ever, by partition
};

/// What the worker does, for status and readiness. A copy, consistent in itself.
struct WorkerStatus {
  bool ready = false;
  bool waits_outside = false;  ///< not ready, and nothing is missing but what sources wait for
  std::string reason;          ///< why not ready, with the remedy
  std::vector<WorkerSourceStatus> sources;
  bool is_alive = false;  ///< the apply loop has made progress lately; ready only then
  std::optional<UtcTime> last_commit;
  std::int64_t commits = 0;
  std::int64_t machines = 0;
  std::int64_t held_machines = 0;
  std::optional<UtcTime> disk_full_since;
};

/// A price book as the worker needs it.
struct WorkerPrices {
  const PriceBook& book;  ///< outlives the worker, or the next one that it is given
  SegmentOf segment_of;
  std::string segments_digest;
};

/// The apply loop: polls all sources, applies what came as one batch, commits, and only then
/// answers. Under load a batch goes on as long as another portion stands ready: what is done for a
/// row or a commit is done once for more messages then. The one thread that runs it owns the only
/// writing connection of the ledger; operator commands are handed to that thread and waited for.
///
/// Not one thread per source: two writers would need locks around the merge, and one transaction
/// per batch is what makes effects and positions move together.
class Worker {
 public:
  /// Everything is borrowed and must outlive the worker.
  Worker(LedgerStore& store, const Clock& clock, SegmentOf segment_of, std::string segments_digest,
         PriceUse& price_use, WorkerEvents& events, const std::vector<Source*>& sources,
         WorkerSettings settings);

  /// Loads what must be known before the first batch and rebuilds the totals if the price segments
  /// changed since. `progress` may be null.
  [[nodiscard]] Result<void> open(StartProgress* progress = nullptr);

  /// Runs until `stop` is requested or the ledger can no longer be trusted (the failure).
  [[nodiscard]] Result<void> run(const std::stop_token& stop);

  /// One round: commands, poll, apply, commit, answer. True if anything was done. For `run`, tests
  /// and the simulator.
  [[nodiscard]] Result<bool> step();

  // Operator commands: from any thread; they wait for the apply thread. kUnavailable when `run` has
  // ended, or ends before it comes to them because the ledger failed.
  [[nodiscard]] Result<void> resolve(const MachineId& machine, const BootId& boot,
                                     Decision decision, const MachineId& renamed_to);
  /// No time is expected of the machine after `at`; nothing: it is again. kNotFound; kInvalid: `at`
  /// is before its first slot or in the future, or it is not retired.
  [[nodiscard]] Result<void> retire(const MachineId& machine, std::optional<UtcTime> at);
  [[nodiscard]] Result<void> release(std::int64_t quarantine_id);
  [[nodiscard]] Result<void> discard(std::int64_t quarantine_id);
  /// Accepts the recreated log of one partition as a new incarnation.
  [[nodiscard]] Result<void> accept(const std::string& source, std::int32_t partition);
  /// Other prices from the next batch on; the totals are summed anew when their segments differ.
  /// `in_use` is called when they are, with nothing else going on: answers are given with them from
  /// then on. A failure: those from before go on.
  [[nodiscard]] Result<void> change_prices(const WorkerPrices& prices,
                                           const std::function<void()>& in_use);
  /// Stores when the newest backup was finished.
  [[nodiscard]] Result<void> remember_backup(UtcTime at);

  /// From any thread: somebody who reads the ledger found it damaged. The next step fails with it.
  void give_up(const Error& error);

  /// From any thread. The one judgement of readiness: all that show it ask here.
  [[nodiscard]] WorkerStatus status() const;

 private:
  /// Runs, or is answered with the refusal.
  using Command = std::function<void(const Error* refusal)>;

  template <class Value>
  Value call(std::function<Value()> command);
  void run_commands(const Error* refusal = nullptr);
  Result<void> apply_until(const std::stop_token& stop);
  Result<bool> claim_feeds();
  bool may_read_ahead(const std::vector<SourceBatch>& portion);
  bool is_called();
  Result<bool> apply(std::vector<SourceBatch>& portion);
  bool may_go_on();
  Result<bool> commit();
  Result<void> keep_house(std::int64_t now_us);
  void add_prices(Batch& batch);
  void remember(Batch& batch);
  void settle();
  Result<void> refuse_all(const Error& error);
  Result<void> still_trusted();
  Result<bool> is_committed(CommitOutcome outcome, std::int64_t commits_before);
  Result<bool> after_refusal();
  void tell_of_rest(std::int64_t now_us);
  Result<void> remember_terms();
  Result<void> derive_anew(StartProgress* progress);
  Result<void> replace_facts(FactsByName& derived);
  Result<void> search_holds(MachineKey machine);
  Result<void> change_prices_now(const WorkerPrices& prices);
  void use_prices(const WorkerPrices& prices);
  Result<void> resolve_now(const MachineId& machine, const BootId& boot, BootDecision decision,
                           const MachineId& renamed_to);
  Result<bool> is_taken(const MachineId& name, MachineKey machine);
  Result<void> release_now(std::int64_t quarantine_id);
  Result<void> accept_now(const std::string& source, std::int32_t partition);
  void publish();
  std::string refusal_text() const;

  LedgerStore& store_;
  const Clock& clock_;
  SegmentOf segment_of_;
  std::string segments_digest_;
  PriceUse& price_use_;
  WorkerEvents& events_;
  WorkerSettings settings_;
  std::vector<Feed> feeds_;
  Intake intake_;
  std::stop_token stop_;  ///< of `run`
  SourceWatch watch_;
  std::unique_ptr<LedgerMemory> memory_;
  std::unique_ptr<Batch> batch_;  ///< not committed yet; then its next portion is read ahead
  std::int64_t batch_since_us_ = 0;
  std::int64_t commits_ = 0;
  std::optional<UtcTime> last_commit_;
  std::optional<UtcTime> refused_since_;       ///< the ledger takes nothing, for `refusal_`
  std::optional<UtcTime> told_refused_since_;  ///< and its end was not told of yet
  Code told_refusal_{};                        ///< why, as was told of last
  std::int64_t accepted_since_us_ = 0;         ///< while that is not told of
  Error refusal_;
  std::int64_t retry_at_us_ = 0;
  std::int64_t maintained_at_us_ = 0;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  bool awake_ = false;             ///< guarded by wake_mutex_
  std::deque<Command> commands_;   ///< guarded by wake_mutex_
  bool has_ended_ = false;         ///< guarded by wake_mutex_: nobody runs commands
  std::optional<Error> given_up_;  ///< guarded by wake_mutex_
  struct Published {
    WorkerStatus status;
    std::int64_t at_us = 0;  ///< monotonic: the apply loop's progress
  };
  Guarded<Published> status_;
};

}  // namespace meterbill
