#include "worker/worker_metrics.h"

#include <algorithm>

#include "base/checked.h"
#include "report/coverage_report.h"

namespace meterbill {
namespace {

void write_partitions(MetricsText& text, const WorkerStatus& status) {
  text.family({"meterbill_worker_lag_records", MetricKind::kGauge, "",
               "Records in the partition that are not applied yet"});
  for (const WorkerSourceStatus& source : status.sources)
    for (const PartitionStatus& partition : source.state.partitions)
      if (partition.end_offset >= 0)
        text.sample(std::max<std::int64_t>(0, partition.end_offset - partition.next_offset),
                    {{"source", source.name}, {"partition", std::to_string(partition.partition)}});
  text.family({"meterbill_worker_partition_state", MetricKind::kGauge, "",
               "1 for the state that the partition is in: waiting, running, halted until an "
               "operator decides, gap"});
  for (const WorkerSourceStatus& source : status.sources)
    for (const PartitionStatus& partition : source.state.partitions)
      for (const PartitionState state : {PartitionState::kWaiting, PartitionState::kRunning,
                                         PartitionState::kHalted, PartitionState::kGap})
        text.sample(partition.state == state ? 1 : 0,
                    {{"source", source.name},
                     {"partition", std::to_string(partition.partition)},
                     {"state", to_string(state)}});
  text.family({"meterbill_worker_expired_records", MetricKind::kCounter, "",
               "Records that expired before they were read"});
  for (const WorkerSourceStatus& source : status.sources)
    for (const auto& [partition, records] : source.expired)
      text.sample(records, {{"source", source.name}, {"partition", std::to_string(partition)}});
}

std::string seconds(std::int64_t us) { return decimal_text(Int256(us), 6); }

void write_coverage(MetricsText& text, const RecentCoverage& coverage) {
  text.family({"meterbill_worker_coverage_seconds", MetricKind::kGauge, "seconds",
               "Time of all machines in the last 24 hours by what is known of it"});
  const auto write_times = [](const Coverage& of, const auto& sample) {
    const CoverageParts parts = parts_of(of);
    for (std::size_t i = 0; i < parts.size(); ++i)
      sample(seconds(parts.at(i)), kCoverageKinds.at(i));
  };
  write_times(coverage.sum, [&](const std::string& value, std::string_view time) {
    text.sample(value, {{"time", time}});
  });
  text.family({"meterbill_worker_machine_coverage_seconds", MetricKind::kGauge, "seconds",
               "The same of single machines: the 20 with the most missing or estimated time"});
  for (const RecentCoverage::Machine& machine : coverage.listed)
    write_times(machine.coverage, [&](const std::string& value, std::string_view time) {
      text.sample(value, {{"machine", machine.machine.str()}, {"time", time}});
    });
  text.single({"meterbill_worker_machine_coverage_left_out", MetricKind::kGauge, "",
               "Machines with coverage that are not among the single ones"},
              coverage.not_listed());
  text.single({"meterbill_worker_machines_with_missing_time", MetricKind::kGauge, "",
               "Machines of whose last 24 hours something is missing"},
              coverage.with_missing);
  text.single({"meterbill_worker_machines_with_estimated_time", MetricKind::kGauge, "",
               "Machines of whose last 24 hours something is estimated"},
              coverage.with_estimated);
  text.family({"meterbill_worker_coverage_looked_timestamp_seconds", MetricKind::kGauge, "seconds",
               "When the ledger was last looked at for the coverage"})
      .sample(seconds(coverage.looked.us));
}

}  // namespace

std::string worker_metrics(const WorkerStatus& status, const RecentCoverage* coverage,
                           const WebCounters& web, const std::string& version,
                           MetricsFormat format) {
  MetricsText text(format);
  text.family({"meterbill_build", MetricKind::kInfo, "", "What is running"})
      .sample(1, {{"version", version}, {"program", "meterbill-worker"}});
  text.single({"meterbill_worker_ready", MetricKind::kGauge, "", "1 when it can do its work"},
              status.ready ? 1 : 0);
  text.family({"meterbill_worker_items", MetricKind::kCounter, "",
               "Readings, samples and events by what became of them"});
  for (const WorkerSourceStatus& source : status.sources) {
    text.sample(source.counts.applied, {{"source", source.name}, {"outcome", "applied"}});
    text.sample(source.counts.repeated, {{"source", source.name}, {"outcome", "repeated"}});
    text.sample(source.counts.quarantined, {{"source", source.name}, {"outcome", "quarantined"}});
  }
  write_partitions(text, status);
  text.single({"meterbill_worker_commits", MetricKind::kCounter, "",
               "Number of the ledger's newest commit"},
              status.commits);
  text.single({"meterbill_worker_machines", MetricKind::kGauge, "", "Machines in the ledger"},
              status.machines);
  text.single(
      {"meterbill_worker_machines_in_conflict", MetricKind::kGauge, "", "Machines with held usage"},
      status.held_machines);
  if (coverage != nullptr) write_coverage(text, *coverage);
  text.single({"meterbill_worker_disk_full", MetricKind::kGauge, "",
               "1 while the ledger cannot be written"},
              status.disk_full_since ? 1 : 0);
  text.single({"meterbill_http_connections_open", MetricKind::kGauge, "", "Open connections"},
              web.connections_open);
  text.single({"meterbill_http_requests", MetricKind::kCounter, "", "Requests served"},
              web.requests);
  text.single({"meterbill_http_requests_refused", MetricKind::kCounter, "",
               "Requests refused as malformed, too large or from a wrong host"},
              web.requests_refused);
  return text.take();
}

}  // namespace meterbill
