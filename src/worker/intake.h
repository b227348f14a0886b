#pragma once

#include <deque>
#include <future>
#include <vector>

#include "base/clock.h"
#include "worker/feed.h"
#include "worker/items.h"

namespace meterbill {

struct IntakeLimits {
  std::size_t portion_max = 20'000;  ///< deliveries
  /// Nothing more is polled for a portion once its deliveries hold so much; one poll can bring as
  /// much as a source has staged.
  std::size_t portion_bytes_max = std::size_t{64} << 20;
  /// A portion is closed at the latest after this, even if more keeps coming.
  std::int64_t portion_age_us = 50'000;
};

/// The phases `poll` and `decode`: makes portions of batches of what the sources have. Of the apply
/// thread.
///
/// Under load it reads portions ahead, which other threads decode while the one before is merged:
/// decoding costs about as much as all the rest, and needs nothing that a commit changes. Two of
/// them, so that the one that is merged next is decoded while the one behind it is read.
/// Not a reader thread of its own with a queue: what a source handed over and the ledger refused
/// must be dropped as a whole, and commands look at sources between two batches.
class Intake {
 public:
  Intake(const Clock& clock, const IntakeLimits& limits) : clock_(clock), limits_(limits) {}

  /// The portion read ahead first, else what has arrived; one entry for each feed, decoded, with
  /// the feed's positions of now. Without waiting for arrivals.
  [[nodiscard]] std::vector<SourceBatch> take(const std::vector<Feed>& feeds);

  /// Reads the portions after the one that was taken, as far as there are any.
  void read_ahead(const std::vector<Feed>& feeds);
  [[nodiscard]] bool is_ahead() const { return !ahead_.empty(); }
  /// Forgets what was read ahead: the sources bring it again.
  void drop() { ahead_.clear(); }

 private:
  struct Ahead {
    std::vector<SourceBatch> batches;
    std::future<void> decoded;  ///< waits in its destructor, so that `batches` outlives the thread
  };

  [[nodiscard]] std::vector<SourceBatch> gather(const std::vector<Feed>& feeds) const;

  const Clock& clock_;
  IntakeLimits limits_;
  std::deque<Ahead> ahead_;  ///< a deque, as a thread knows the place of each
};

/// Deliveries of all sources together.
[[nodiscard]] std::size_t deliveries_in(const std::vector<SourceBatch>& batches);
/// Nothing to apply: neither deliveries nor gaps.
[[nodiscard]] bool is_empty(const std::vector<SourceBatch>& batches);

}  // namespace meterbill
