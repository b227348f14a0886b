#include "worker/worker_metrics.h"

#include <algorithm>

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

}  // namespace

std::string worker_metrics(const WorkerStatus& status, const WebCounters& web,
                           const std::string& version, MetricsFormat format) {
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
