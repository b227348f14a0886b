#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/gap.h"
#include "wire/message.h"

namespace meterbill {

using Sha256 = std::array<std::uint8_t, 32>;

/// Where a delivery stands in its source. HTTP has one partition, 0, and offsets that count
/// requests.
struct Position {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// The last record applied, to recognise the log again: a recreated or truncated one has another
/// record at that offset.
struct Anchor {
  std::int64_t offset = -1;
  Sha256 digest{};  ///< of timestamp, key, headers and value
  /// Record time; absent in what ledgers before schema 6 stored.
  std::optional<UtcTime> recorded = {};
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// How far one partition has been applied. Stored in the transaction that applies (invariant 2).
struct PartitionPosition {
  std::int32_t partition = 0;
  std::int64_t incarnation = 1;  ///< raised when the operator accepts a recreated partition
  std::int64_t next_offset = 0;
  std::optional<Anchor> anchor;
  std::int64_t replay_until =
      0;  ///< samples below it are `replayed`: end offset when an incarnation was accepted
  friend bool operator==(const PartitionPosition&, const PartitionPosition&) = default;
};

enum class PartitionState {
  kWaiting,  ///< nothing is read, and that ends by itself
  kRunning,
  kHalted,  ///< until an operator decides
  kGap,     ///< records expired unread, and nothing behind them is applied yet
};
[[nodiscard]] constexpr std::string_view to_string(PartitionState state) {
  switch (state) {
    case PartitionState::kWaiting:
      return "waiting";
    case PartitionState::kRunning:
      return "running";
    case PartitionState::kHalted:
      return "halted";
    case PartitionState::kGap:
      return "gap";
  }
  return "";
}

/// For status: what one partition does. Ready means every partition runs or waits for new records.
struct PartitionStatus {
  std::int32_t partition = 0;
  PartitionState state = PartitionState::kWaiting;
  std::string reason;  ///< of all but kRunning, with the remedy
  std::int64_t next_offset = 0;
  std::int64_t end_offset = -1;  ///< -1 unknown
};

struct SourceStatus {
  bool ready = false;
  std::string reason;  ///< why not ready, with the remedy
  std::vector<PartitionStatus> partitions;
  std::optional<std::int32_t> ill_partition = {};  ///< the one that `reason` is of, if of one alone

  /// What reads waits: for a reason that none of the partitions has by itself.
  void stand_still(const std::string& why) {
    for (PartitionStatus& partition : partitions) {
      if (partition.state != PartitionState::kRunning && partition.state != PartitionState::kGap)
        continue;
      partition.state = PartitionState::kWaiting;
      partition.reason = why;
    }
  }
};

/// One delivery with its place.
struct Arrival {
  Delivery delivery;
  Position position = {};
  std::int64_t request = 0;  ///< HTTP: deliveries of one request are answered together
  /// What the delivery says, if the source had to read it anyway; else null.
  std::unique_ptr<Message> message = {};
};

/// How many items of a request ended how; applied + repeated + quarantined = items read (invariant
/// 6).
struct Counts {
  std::int64_t applied = 0;
  std::int64_t repeated = 0;
  std::int64_t quarantined = 0;

  [[nodiscard]] std::int64_t read() const { return applied + repeated + quarantined; }
  Counts& operator+=(const Counts& other) {
    applied += other.applied;
    repeated += other.repeated;
    quarantined += other.quarantined;
    return *this;
  }
  friend bool operator==(const Counts&, const Counts&) = default;
};

/// Where deliveries come from. Called by the apply thread alone; `status` from any thread.
class Source {
 public:
  virtual ~Source() = default;

  /// `http`, or `kafka:<cluster id>/<topic>`: under this name positions and counts stand in the
  /// ledger. Kafka's is known once the cluster answered: empty until then.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Route route() const = 0;

  /// Begins reading at these positions; partitions not named begin at the Beginning.
  [[nodiscard]] virtual Result<void> start(std::vector<PartitionPosition> positions) = 0;

  /// Appends what has arrived, at most `max` deliveries, without waiting.
  virtual void poll(std::vector<Arrival>& into, std::size_t max) = 0;
  /// Gaps found since it was last asked, without `source`, `after` and `detected`. Asked after each
  /// poll: none lies before what was polled and is still to come. As deliveries they are handed
  /// over once, and found again after `rejected`.
  [[nodiscard]] virtual std::vector<Gap> take_gaps() { return {}; }

  /// The digest an anchor keeps of a delivery. Asked only of the last one of a batch: hashing each
  /// would cost as much as applying it. Zero for a source without anchors.
  [[nodiscard]] virtual Sha256 digest(const Delivery& delivery) const = 0;

  /// The position of each partition that was applied is durable now; none when the ledger can be
  /// written again after `rejected`.
  virtual void committed(std::span<const PartitionPosition> positions) = 0;
  /// HTTP: the request's items are durable; answer it.
  virtual void answer(std::int64_t request, const Counts& counts) = 0;
  /// The commit failed: nothing of what was polled since the last `committed` was applied. It must
  /// be delivered again (Kafka) or refused with 503 (HTTP). `reason` is shown.
  virtual void rejected(const std::string& reason) = 0;

  [[nodiscard]] virtual SourceStatus status() const = 0;

  /// Called (from any thread) when there may be something to poll; must only set a flag.
  virtual void on_arrival(std::function<void()> wake) = 0;

  /// The operator accepts a recreated partition: read it again from the Beginning as a new
  /// incarnation. kNotFound, kInvalid if it is not halted. Returns the position to store.
  [[nodiscard]] virtual Result<PartitionPosition> accept(std::int32_t partition) = 0;
};

}  // namespace meterbill
