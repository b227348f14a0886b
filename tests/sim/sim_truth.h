#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "ports/meters.h"
#include "ports/spool.h"

namespace meterbill::sim {

/// What one slot of one boot must show, µs and KiB·µs. `cuts` is how many parts of longer stretches
/// are in it: so many microseconds may lie in the next slot instead, and so many of each processor
/// and KiB. `visits`: how often it was begun, each time with up to a KiB·s of the slot before it.
struct SlotTruth {
  std::int64_t cpu_us = 0;
  std::int64_t uptime_us = 0;
  std::int64_t metered_us = 0;
  std::int64_t estimated_us = 0;
  std::int64_t off_us = 0;
  std::int64_t capacity_us = 0;
  Int128 memory_kib_us = 0;
  Int128 memory_capacity_kib_us = 0;
  std::int64_t cuts = 0;
  std::int64_t cut_cores = 0;
  Int128 cut_kib = 0;
  std::int64_t visits = 0;
};

struct BootTruth {
  std::map<std::string, SlotTruth> slots;  ///< by the agent's slots
  SlotTruth sum;
};

/// What one machine has truly used, by the slots its agent's clock said: kept from the instants at
/// which counters were read and from which of those were durable, with arithmetic of its own. The
/// use after the last durable tick of a host that died is not in it: nobody can know it.
class Truth {
 public:
  explicit Truth(std::int64_t interval_us) : interval_us_(interval_us) {}

  // --- the agent's life
  /// A run begins with what its spool gave. False: that checkpoint was never acknowledged, or an
  /// acknowledged one is gone.
  [[nodiscard]] bool begins(const std::optional<Checkpoint>& checkpoint, const BootId& boot);
  void ticked(const Instant& at, const HostSample& sample, bool metered);
  void saved(const Checkpoint& checkpoint);
  void maybe_saved(const Checkpoint& checkpoint) { maybe_ = checkpoint; }
  [[nodiscard]] const std::optional<Checkpoint>& durable() const { return durable_; }
  /// Its disk was replaced, by an empty or an older one that holds this: nothing can be said of
  /// boots so far.
  void disk_replaced(std::optional<Checkpoint> checkpoint);
  /// The end of the story: everything was saved.
  void finish() { settle(); }

  /// Of the boots of which everything is known.
  [[nodiscard]] const std::map<std::string, BootTruth>& boots() const { return boots_; }

 private:
  struct Point {
    std::string boot;
    Instant at{};
    std::int64_t busy_us = 0;
    std::int64_t cores = 0;
    std::int64_t used_kib = 0;
    std::int64_t total_kib = 0;
    bool is_start = false;  ///< an epoch begins with it
    /// Of the beginning of a boot: since when, by the wall clock, the host had been off.
    std::optional<std::int64_t> off_since_us = {};
  };

  void settle();
  void book(const Point& from, const Point& to, bool estimated, bool is_sampled);
  void share(const Point& from, const Point& to, bool estimated, std::int64_t sampled);
  void book_off(std::int64_t from_us, const Point& first);
  SlotTruth& slot_of(const std::string& boot, std::int64_t quarter);
  [[nodiscard]] std::optional<Point> point_of(const Checkpoint& checkpoint) const;

  std::int64_t interval_us_;
  std::map<std::pair<std::string, std::int64_t>, Point> read_;  ///< by boot and boot clock
  std::optional<Checkpoint> durable_;
  std::optional<Checkpoint> maybe_;
  std::string boot_;           ///< of the running one
  std::optional<Point> base_;  ///< what this run goes on from
  std::vector<Point> points_;  ///< of this run
  bool was_metered_ = false;
  std::int64_t epoch_wall_us_ = 0;  ///< wall less boot clock at the epoch's start
  std::int64_t earliest_ = 0;       ///< the epoch's slot never goes back; in quarter hours
  std::string booked_;              ///< boot and slot that were booked last
  std::map<std::string, BootTruth> boots_;
  std::map<std::string, bool> unknown_;  ///< boots of which nothing can be said
};

}  // namespace meterbill::sim
