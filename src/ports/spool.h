#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/names.h"
#include "domain/reading.h"
#include "ports/folded.h"

namespace meterbill {

/// How the last run ended. Without a mark the host took the agent with it (power cut, kill).
enum class EndMark {
  kNone,
  kHost,      ///< stopped because the host was going down
  kOperator,  ///< stopped while the host went on
};

/// Up to where the counters are booked: the next run goes on from here.
struct Checkpoint {
  BootId boot;
  Instant at;
  std::int64_t cpu_busy_us = 0;
  std::int64_t cores = 0;
  std::optional<std::int64_t> memory_total_kib = {};  ///< absent when it was never read
  std::int64_t memory_rest = 0;           ///< KiB·µs below one KiB·s that are not booked yet
  std::int64_t memory_capacity_rest = 0;  ///< the same of the capacity
  EndMark end = EndMark::kNone;
};

/// One run of the agent, or a part of it between clock steps. What it says is fixed: its readings
/// are sent under it, whatever the configuration of a later run is.
struct Epoch {
  EpochId id;
  BootId boot;
  Labels labels;
  Slot started;
  MachineId machine = {};
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

/// The totals of one epoch that changed since they were last saved. Cumulative, so saving them
/// again changes nothing.
struct EpochTotals {
  Epoch epoch;
  std::vector<Reading> readings;  ///< `final` and `scopes` are the spool's to set
};

/// What one tick leaves behind.
struct TickRecord {
  std::vector<EpochTotals> epochs;  ///< oldest first; the last one is the running epoch
  Slot current;        ///< of the running epoch: its earlier slots cannot grow any more
  bool ended = false;  ///< no epoch can grow any more: the agent stops
  Checkpoint checkpoint;
};

/// What a start needs of the past.
struct Past {
  std::optional<Checkpoint> checkpoint;
  std::vector<Epoch> epochs;  ///< those that started lately, to count starts in one slot
};

struct SpoolKey {
  EpochId epoch;
  Slot slot;
  ScopeName scope;
  friend auto operator<=>(const SpoolKey&, const SpoolKey&) = default;
};

/// A row as it was when it was read: an acknowledgement counts for this version only.
struct RowVersion {
  SpoolKey key;
  std::int64_t version = 0;
};

struct PendingRow {
  Epoch epoch;
  Reading reading;
  std::int64_t version = 0;
  [[nodiscard]] RowVersion row_version() const {
    return {{epoch.id, reading.slot, reading.scope}, version};
  }
};

/// A row that was refused even alone: kept and shown.
struct AsideRow {
  SpoolKey key;
  std::string reason;
  UtcTime since;
};

struct SpoolCounts {
  std::int64_t waiting = 0;       ///< rows newer than what was acknowledged
  std::optional<UtcTime> oldest;  ///< start of the oldest slot that waits
  std::int64_t aside = 0;         ///< rows set aside
  std::int64_t kept = 0;          ///< all rows
  bool tight = false;             ///< nearly full: new scopes begin in `other`
  std::optional<Folded> folded;   ///< so far; stays known, also after a restart
};

/// The table of slot totals: one row per (epoch, slot, scope) with the version it has, the one that
/// was offered (first, or newest with an answer) and the one that was acknowledged. It is the
/// queue, too: what is newer than its acknowledgement waits. One thread at a time; every call that
/// changes something is one transaction, and durable when it returns; an acknowledgement may become
/// durable with the next call instead.
class Spool {
 public:
  virtual ~Spool() = default;

  /// What earlier runs left.
  [[nodiscard]] virtual Result<Past> load() = 0;

  /// Stores a tick. Rows of ended epochs and of slots before `current` become final at once; a
  /// final machine row says how many scopes its slot has. A full spool first drops what is
  /// acknowledged, then folds small scopes (invariant 9). kDiskFull, kDamaged: nothing of it is
  /// stored; the same totals may be saved again later.
  [[nodiscard]] virtual Result<void> save(const TickRecord& tick) = 0;

  /// Up to `limit` rows that wait, oldest epoch first, then by slot and scope; none of a slot that
  /// starts after `now` (the clock was set back: the worker would refuse it) nor set aside.
  [[nodiscard]] virtual Result<std::vector<PendingRow>> pending(std::size_t limit, UtcTime now) = 0;

  /// Before sending: from here on the rows may be known outside, and keep their scopes.
  [[nodiscard]] virtual Result<void> mark_offered(std::span<const RowVersion> rows) = 0;

  /// The other side has these versions. Final rows are kept for kKeepAcknowledged. A kill may take
  /// it back until the next call that changes something: then they are sent again, which merges.
  [[nodiscard]] virtual Result<void> acknowledge(std::span<const RowVersion> rows, UtcTime now) = 0;

  /// Takes a row that is refused out of the sending, until it becomes final or `offer_again`.
  /// kNotFound: that version is no longer the newest, and the row is left alone.
  [[nodiscard]] virtual Result<void> set_aside(const RowVersion& row, const std::string& reason,
                                               UtcTime now) = 0;

  /// Lets final rows that were acknowledged kKeepAcknowledged ago wait once more; those
  /// acknowledged twice are dropped. Returns how many wait again.
  [[nodiscard]] virtual Result<std::int64_t> repeat_old(UtcTime now) = 0;

  /// Lets every kept row wait again, set aside or not. Returns how many.
  [[nodiscard]] virtual Result<std::int64_t> offer_again() = 0;

  [[nodiscard]] virtual Result<SpoolCounts> counts() = 0;
  /// At most `limit`, oldest first.
  [[nodiscard]] virtual Result<std::vector<AsideRow>> aside(std::size_t limit) = 0;

  /// After kDamaged: keeps the damaged store under another name, which is returned, and begins an
  /// empty one.
  [[nodiscard]] virtual Result<std::string> begin_anew(UtcTime now) = 0;
};

/// A broker may lose what it acknowledged: final rows are kept for 48 h and sent once more.
inline constexpr std::int64_t kKeepAcknowledgedUs = std::int64_t{48} * 3'600 * 1'000'000;

}  // namespace meterbill
