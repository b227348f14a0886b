#include "worker/worker_status_line.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterbill {
namespace {

std::string count_of(std::int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// To the minute: the line would otherwise be another one every second.
std::string commit_text(const WorkerStatus& status, UtcTime now) {
  if (!status.last_commit) return "no commit yet";
  const std::int64_t ago_s = (now.us - status.last_commit->us) / 1'000'000;
  if (ago_s < 60) return "last commit less than a minute ago";
  return fmt::format("last commit {} min ago", ago_s / 60);
}

/// HTTP has one partition, which nobody knows of, and no lag.
std::string source_text(const WorkerSourceStatus& source) {
  if (source.name == "http") return fmt::format("http {} items a second", source.read_per_s);
  const auto& partitions = source.state.partitions;
  const auto running =
      std::ranges::count(partitions, PartitionState::kRunning, &PartitionStatus::state);
  std::int64_t lag = 0;
  for (const PartitionStatus& partition : partitions)
    lag += std::max<std::int64_t>(0, partition.end_offset - partition.next_offset);
  return fmt::format("{} {}/{} partitions, lag {}, {} items a second", source.name, running,
                     partitions.size(), lag, source.read_per_s);
}

}  // namespace

std::string status_line(const WorkerStatus& status, UtcTime now) {
  if (!status.ready) return "not ready: " + status.reason;
  std::string text = "ready: ";
  for (const WorkerSourceStatus& source : status.sources) text += source_text(source) + "; ";
  return text + count_of(status.machines, "machine") + ", " + commit_text(status, now);
}

}  // namespace meterbill
