#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "ports/source.h"
#include "worker/worker_events.h"

namespace meterbill {

/// Tells the log what sources and their partitions wait for: once it has lasted a while (a start is
/// no news), again every ten minutes and when it becomes something else, and when it is over. One
/// thread.
class SourceWatch {
 public:
  /// `events` outlives the object.
  explicit SourceWatch(WorkerEvents& events) : events_(events) {}

  /// `source`: a name that it has before it was reached, too. `now_us`: monotonic.
  void see(const std::string& source, const SourceStatus& state, std::int64_t now_us);

 private:
  /// A source (no number) or one of its partitions.
  using Subject = std::pair<std::string, std::optional<std::int32_t>>;
  struct Trouble {
    std::int64_t since_us = 0;
    std::string reason;
    std::int64_t reason_since_us = 0;
    std::string told;  ///< the reason that was told last; empty: none yet
    std::int64_t told_at_us = 0;
  };

  void see(const Subject& subject, const std::string& reason, std::int64_t now_us);
  [[nodiscard]] static bool is_worth_a_line(const Trouble& trouble, std::int64_t now_us);

  WorkerEvents& events_;
  std::map<Subject, Trouble> troubles_;
};

}  // namespace meterbill
