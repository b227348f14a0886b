#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/hold.h"
#include "domain/price_version_use.h"
#include "domain/sighting.h"
#include "domain/usage_row.h"
#include "ports/source.h"

namespace meterbill {

/// One machine and slot.
struct RowKey {
  MachineKey machine;
  Slot slot;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

/// What an epoch belongs to, fixed with its first reading, and when it was seen. Pseudo-epochs have
/// an empty boot id and label set 0.
struct EpochFacts {
  MachineKey machine;
  EpochId epoch;
  BootId boot;
  LabelSetKey labels;
  Sighting seen = {};  ///< by messages of which something was applied or repeated
};

/// A running total: one future line. `segment` is the first slot of the price segment (design §2).
struct TotalKey {
  MachineKey machine;  ///< the one billed: a renamed boot's new machine
  ScopeKey scope;
  LabelSetKey labels;
  MeterKey meter;
  Slot segment;
  friend auto operator<=>(const TotalKey&, const TotalKey&) = default;
};

using Rows = FlatMap<RowKey, UsageRow>;
using Totals = FlatMap<TotalKey, Int128>;

/// What is known of one name. Slots and sighting are those of the epochs billed to it, held and
/// discarded ones too: its own that are not renamed, and others' renamed to it. Derived from rows,
/// epochs and decisions, so neither order nor the moment of a decision matters.
struct MachineFacts {
  MachineKey key;
  MachineId name;
  Slot first_slot = Slot{}.next();  ///< after last_slot while there is none
  Slot last_slot;
  Sighting seen;
  std::optional<UtcTime> retired;  ///< no time is expected after it

  /// False: all its boots are renamed.
  [[nodiscard]] bool has_slots() const { return first_slot <= last_slot; }
  void add(Slot slot) {
    const bool is_first = !has_slots();
    first_slot = is_first ? slot : std::min(first_slot, slot);
    last_slot = is_first ? slot : std::max(last_slot, slot);
  }
  friend bool operator==(const MachineFacts&, const MachineFacts&) = default;
};

/// Names of everything that is interned. Grows by the writer alone.
struct Dictionary {
  [[nodiscard]] bool empty() const {
    return machines.empty() && scopes.empty() && label_sets.empty() && meters.empty();
  }

  std::map<MachineKey, MachineId> machines;
  std::map<ScopeKey, ScopeName> scopes;
  std::map<LabelSetKey, Labels> label_sets;
  std::map<MeterKey, MeterName> meters;
};

enum class QuarantineState { kHeld, kReleased, kDiscarded };
/// The texts stand in the ledger and in JSON.
[[nodiscard]] constexpr std::string_view to_string(QuarantineState state) {
  switch (state) {
    case QuarantineState::kHeld:
      return "held";
    case QuarantineState::kReleased:
      return "released";
    case QuarantineState::kDiscarded:
      return "discarded";
  }
  return "";
}

/// One thing that was not applied, with everything needed to apply it later.
struct QuarantineItem {
  std::int64_t id = 0;
  std::string source;
  Position position;
  std::string machine;  ///< as far as known, shortened to 128 bytes; untrusted text
  /// Of one reading: `machine/epoch/slot/scope`; only the greatest of one key and reason is kept,
  /// with a count. Empty: each is kept.
  std::string reading_key;
  std::int64_t weight = 0;  ///< of a reading: the sum of all that grows in it, to know the greatest
  std::optional<std::int32_t>
      ordinal;  ///< which reading of the message; absent: the whole delivery
  Rejection rejection;
  UtcTime first_at;
  UtcTime last_at;
  std::int64_t count = 1;
  QuarantineState state = QuarantineState::kHeld;
  /// Never null. Items of one delivery share it: in memory, and on disk if one batch brings them.
  std::shared_ptr<const Delivery> delivery = std::make_shared<const Delivery>();
  // Set by the ledger:
  std::int64_t value_bytes = 0;  ///< length of the value as it came
  Sha256 value_digest{};         ///< of the value as it came
  bool releasable = true;        ///< false: kept shortened, past quarantine.max_bytes
};

/// What an item counts against quarantine.max_bytes: its bytes, and 256 for what comes with each,
/// so that a flood of empty records is bounded too.
[[nodiscard]] inline std::int64_t stored_bytes(const QuarantineItem& item) {
  const std::size_t bytes = 256 + item.source.size() + item.machine.size() +
                            item.reading_key.size() + item.rejection.detail.size() +
                            item.delivery->key.size() + item.delivery->value.size() +
                            item.delivery->headers.bytes();
  return static_cast<std::int64_t>(bytes);
}

/// Applied on an operator's word: by which reading of the message alone; absent: by all of it.
struct Released {
  std::optional<std::int32_t> reading;
  friend bool operator==(const Released&, const Released&) = default;
};

/// A message kept as evidence, addressed (batch, ordinal).
struct EvidenceItem {
  std::string source;
  Position position;
  Delivery delivery;
  std::optional<Released> released = {};  ///< absent: it was applied as it came
};

/// The same, of a message that its owner keeps until it is packed.
struct EvidenceRef {
  std::string_view source;
  Position position;
  const Delivery& delivery;
  std::optional<Released> released = {};
};

/// The evidence of one portion of a batch, as `LedgerStore::pack` made it: small, however much of a
/// batch is still to come.
struct EvidenceBlock {
  std::string bytes;
  std::int64_t raw_bytes = 0;   ///< of its messages; what reading them costs
  std::int64_t items = 0;       ///< how many messages
  UtcTime at;                   ///< when they were applied
  std::vector<RowKey> touched;  ///< the rows they changed, ascending, each once
};

/// A batch, or a portion of one, of which evidence is kept.
struct EvidenceBatch {
  std::int64_t batch = 0;
  UtcTime at;                  ///< when it was applied
  std::int64_t raw_bytes = 0;  ///< of its messages; what reading them costs
  friend bool operator==(const EvidenceBatch&, const EvidenceBatch&) = default;
};

/// The newest samples, for the prototype's /api/usage.
struct RecentSample {
  MachineKey machine;
  UtcTime at;
  std::string cpu_usage;  ///< exact decimal text
  std::string memory_usage;
  bool is_sample = false;  ///< false: from a reading, which has no cost of its own
};

struct EventKey {
  std::string source;
  std::string id;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

/// Everything one batch changes; applied whole or not at all (invariant 2). kInvalid, and nothing
/// changed, when a new name or epoch is known already, when a machine, scope, meter or epoch
/// number is used that nothing has named, or when a gap comes without the position that passes it.
struct WriteSet {
  Dictionary added;  ///< new names with the numbers the worker gave them
  std::vector<std::pair<EpochKey, EpochFacts>> epochs;  ///< new epochs
  std::map<EpochKey, Sighting> seen;                    ///< new sightings, of new epochs too
  Rows rows;                                            ///< new value of each touched row
  Totals totals;                                ///< new value of each touched total; 0 removes it
  std::map<MachineKey, Holds> holds;            ///< new holds of machines whose holds changed
  std::map<MachineKey, MachineFacts> machines;  ///< new facts of touched machines
  std::vector<std::pair<EventKey, UtcTime>> event_ids;  ///< usage events applied, with their time
  std::vector<QuarantineItem> quarantine;  ///< new items (id 0); merged by (reading_key, reason)
  std::vector<EvidenceBlock> evidence;     ///< of each portion that applied something
  std::vector<RecentSample> recent;
  std::vector<PriceVersionUse> prices;   ///< used from now on; a known one is left as it is
  std::map<std::string, Counts> counts;  ///< to add, per source
  std::map<std::string, std::vector<PartitionPosition>> positions;  ///< new position, per source
  std::vector<Gap> gaps;                                            ///< new ones
  UtcTime at;                                                       ///< when the batch was applied
};

/// How many numbers the commit takes (`LedgerFacts::commits`): each block of evidence has its own.
[[nodiscard]] inline std::int64_t numbers_of(const WriteSet& write) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(write.evidence.size()));
}

enum class CommitOutcome { kCommitted, kFenced, kUnknown };

/// What a claim gives back.
struct Claim {
  std::int64_t fence = 0;
  std::vector<PartitionPosition> positions;
};

/// What `load` found for a batch.
struct Loaded {
  Rows rows;
  std::map<EpochKey, EpochFacts> epochs;  ///< all epochs in the rows, and those asked for by name
  Totals totals;
};

/// Whether the write set moves the position of the gap's partition past it.
[[nodiscard]] inline bool passes(const WriteSet& write, const Gap& gap) {
  const auto of_source = write.positions.find(gap.source);
  return of_source != write.positions.end() &&
         std::ranges::any_of(of_source->second, [&](const PartitionPosition& position) {
           return position.partition == gap.partition && position.incarnation == gap.incarnation &&
                  position.next_offset > gap.to;
         });
}

/// What bounds the parts of a ledger that do not bill (invariant 9).
struct LedgerLimits {
  /// Past it quarantine keeps the first 4 KiB and the SHA-256 of a value, and forgets what was
  /// settled, oldest first; past twice that it only counts.
  std::int64_t quarantine_bytes_max = std::int64_t{64} << 20;
  std::int64_t evidence_keep_us = std::int64_t{35} * 24 * 3'600 * 1'000'000;
  std::int64_t evidence_bytes_max = std::int64_t{1} << 30;  ///< compressed
  /// Ids of usage events are kept so long.
  std::int64_t event_reach_back_us = std::int64_t{35} * 24 * 3'600 * 1'000'000;
};

inline constexpr std::size_t kQuarantineBytesShort = 4'096;  ///< kept of a shortened value or key
inline constexpr std::size_t kRecentMax = 1'000;             ///< newest samples kept

struct LedgerFacts {
  std::int64_t schema_version = 0;
  std::int64_t bytes = 0;
  /// The newest commit's number: one for each operator decision and for each batch so far, or for
  /// each portion of it that has evidence.
  std::int64_t commits = 0;
  std::int64_t greatest_epoch = 0;  ///< the highest EpochKey given so far
  std::int64_t quarantine_bytes = 0;
  std::int64_t quarantine_not_kept = 0;  ///< counted only: past twice quarantine_bytes_max
  std::int64_t evidence_bytes = 0;
  /// Evidence of batches applied until then is not all kept; absent: nothing was ever forgotten.
  std::optional<UtcTime> evidence_forgotten;
  std::string segments_digest;  ///< under which price segments the totals stand
  std::optional<UtcTime> ids_forgotten_before;
  std::optional<UtcTime> last_backup;
};

/// What a backup holds.
struct BackupFacts {
  std::int64_t bytes = 0;
  std::int64_t commits = 0;  ///< LedgerFacts::commits of the state that was copied
};

/// Told how many bytes of a backup are copied so far and in all; the last time, when it is only to
/// be checked yet, both are equal.
using BackupProgress = std::function<void(std::int64_t done, std::int64_t all)>;

/// While it lives, every call of the reader that gave it sees the same commit. It holds back the
/// ledger's housekeeping, so it lives as long as one question, never while its answer is sent.
class ReadSnapshot {
 public:
  virtual ~ReadSnapshot() = default;
};

/// A machine of which no time is expected any more.
struct RetiredMachine {
  MachineId name;
  UtcTime retired;
  UtcTime seen;  ///< last
  friend bool operator==(const RetiredMachine&, const RetiredMachine&) = default;
};

/// Read access to a committed state. Each call sees one commit; nothing is held between calls,
/// unless a snapshot is.
class LedgerReader {
 public:
  virtual ~LedgerReader() = default;
  /// The newest commit, for all calls until the snapshot is gone; it must not outlive the reader.
  /// They nest: an inner one sees what the outer one does. A store cannot write meanwhile.
  [[nodiscard]] virtual Result<std::unique_ptr<ReadSnapshot>> snapshot() = 0;
  [[nodiscard]] virtual Result<LedgerFacts> facts() = 0;
  [[nodiscard]] virtual Result<Dictionary> dictionary() = 0;
  /// Not the names that have neither slots nor epochs of their own: what was renamed to them no
  /// longer is.
  [[nodiscard]] virtual Result<std::map<MachineKey, MachineFacts>> machines() = 0;
  /// Names of those that have slots, are not retired and were last seen before that time.
  [[nodiscard]] virtual Result<std::vector<MachineId>> silent(UtcTime before) = 0;
  /// Those that are retired and were last seen at that time or later.
  [[nodiscard]] virtual Result<std::vector<RetiredMachine>> retired_seen(UtcTime since) = 0;
  [[nodiscard]] virtual Result<std::map<EpochKey, EpochFacts>> epochs(MachineKey machine) = 0;
  [[nodiscard]] virtual Result<Holds> holds(MachineKey machine) = 0;
  [[nodiscard]] virtual Result<std::map<MachineKey, Holds>> all_holds() = 0;
  [[nodiscard]] virtual Result<Decisions> decisions(MachineKey machine) = 0;
  /// Rows of one machine in slot order. `each` returning a failure ends the walk with it; it may
  /// read the ledger, not change it through the same object. A row that cannot be unpacked is
  /// kDamaged, named by machine and slot.
  [[nodiscard]] virtual Result<void> rows(
      MachineKey machine, SlotRange range,
      const std::function<Result<void>(Slot, const UsageRow&)>& each) = 0;
  [[nodiscard]] virtual Result<Totals> totals(MachineKey machine) = 0;
  /// Of every source ever claimed.
  [[nodiscard]] virtual Result<std::map<std::string, Counts>> counts() = 0;
  /// Of every source ever claimed, by partition.
  [[nodiscard]] virtual Result<std::map<std::string, std::vector<PartitionPosition>>>
  positions() = 0;
  /// Of every source, by source, partition, incarnation and offset.
  [[nodiscard]] virtual Result<std::vector<Gap>> gaps() = 0;
  /// released and discarded, counted beside: what was quarantined by what became of it, each
  /// repetition counted, also what was not kept. Their sum never falls.
  [[nodiscard]] virtual Result<std::map<QuarantineState, std::int64_t>> quarantine_counts() = 0;
  /// Newest first, at most `limit`, ids below `before` (0: no bound), of one machine (empty: all).
  [[nodiscard]] virtual Result<std::vector<QuarantineItem>> quarantine(
      std::int64_t before, std::size_t limit, std::string_view machine = {}) = 0;
  [[nodiscard]] virtual Result<QuarantineItem> quarantine_item(std::int64_t id) = 0;
  [[nodiscard]] virtual Result<std::vector<RecentSample>> recent(std::size_t limit) = 0;
  [[nodiscard]] virtual Result<std::vector<PriceVersionUse>> price_versions() = 0;
  /// At most `limit` batches from number `from` on, in order, that changed one of these rows and
  /// have evidence; and those of an older program, which did not note what they changed.
  [[nodiscard]] virtual Result<std::vector<EvidenceBatch>> evidence_of(std::span<const RowKey> rows,
                                                                       std::int64_t from,
                                                                       std::size_t limit) = 0;
  /// What the batch or portion of that number (`numbers_of`) applied, in order, each once. `each`
  /// returning a failure ends the walk with it. kNotFound when it is past its time or had none.
  [[nodiscard]] virtual Result<void> evidence(
      std::int64_t batch, const std::function<Result<void>(EvidenceItem&&)>& each) = 0;
};

/// The ledger, as the one apply thread uses it. No SQL types, no row-by-row calls. Fake and SQLite
/// pass one contract suite.
class LedgerStore : public LedgerReader {
 public:
  /// Takes a source over: raises its fence, so that a commit under an older one is refused. A new
  /// source has no positions.
  [[nodiscard]] virtual Result<Claim> claim(const std::string& source) = 0;

  [[nodiscard]] virtual Result<Loaded> load(std::span<const RowKey> rows,
                                            std::span<const std::pair<MachineKey, EpochId>> epochs,
                                            std::span<const TotalKey> totals) = 0;
  /// Packs messages of one portion for a write set, its `at` and `touched` left to the caller. From
  /// any thread, also while another one is in a call.
  [[nodiscard]] virtual Result<EvidenceBlock> pack(std::span<const EvidenceRef> items) const = 0;
  /// Which of these usage events are known already.
  [[nodiscard]] virtual Result<std::vector<EventKey>> known_events(
      std::span<const EventKey> keys) = 0;

  /// One transaction, durable on return (fsync). `fences`: of each source in `positions`, `gaps` or
  /// `counts`. kUnknown: read back with `facts().commits` before going on (pipeline H22); when that
  /// fails too, the disk did: end the program, opening the ledger anew tells. A full disk is
  /// kDiskFull, nothing changed; the same call works when there is space.
  [[nodiscard]] virtual Result<CommitOutcome> commit(
      const WriteSet& write, const std::map<std::string, std::int64_t>& fences) = 0;

  // Operator decisions, each one transaction together with the effects computed by the worker.
  // `effects` with positions, gaps or counts is kInvalid: those move under a fence, by `commit`
  // alone.
  [[nodiscard]] virtual Result<void> decide(MachineKey machine, const BootId& boot,
                                            BootDecision decision, const WriteSet& effects) = 0;
  /// kNotFound: no such item. kRefused: settled already, or to be released but kept shortened.
  [[nodiscard]] virtual Result<void> settle_quarantine(std::int64_t id, QuarantineState state,
                                                       const WriteSet& effects) = 0;
  /// Replaces all totals at once (after the price segments changed); `digest` names the segments,
  /// `prices` are those that the totals use.
  [[nodiscard]] virtual Result<void> replace_totals(const Totals& totals, const std::string& digest,
                                                    std::span<const PriceVersionUse> prices) = 0;

  /// Housekeeping between batches: checkpoint, evidence and event ids past their time (after it
  /// `LedgerFacts::ids_forgotten_before` may be another). Bounded work per call.
  [[nodiscard]] virtual Result<void> maintain(UtcTime now) = 0;

  /// A copy in a new file: the state of the commit with which it began, checked and durable before
  /// it gets its name. The one call that may run on another thread while this one goes on
  /// committing; one backup at a time. kConflict: the file exists. kUnavailable: `stop` was
  /// requested, or more was committed meanwhile than the ledger can put aside. Whatever the
  /// failure, nothing is left of the copy.
  [[nodiscard]] virtual Result<BackupFacts> backup(const std::string& path,
                                                   const std::stop_token& stop,
                                                   const BackupProgress& progress) = 0;
  /// Stores when the newest backup was finished (LedgerFacts::last_backup). No commit of its own
  /// number.
  [[nodiscard]] virtual Result<void> remember_backup(UtcTime at) = 0;
};

}  // namespace meterbill
