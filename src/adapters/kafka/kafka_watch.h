#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_partitions.h"
#include "adapters/kafka/kafka_reader.h"
#include "adapters/kafka/kafka_signals.h"
#include "adapters/kafka/kafka_topic.h"
#include "base/guarded.h"

namespace meterbill {

/// Looks at the cluster, every so often (KafkaConfig) and whenever something happened: which
/// partitions there are, how far their logs go, and whether they still hold what was read. Makes
/// the readers.
///
/// And proves what they read: a record is handed over only after the record that was applied last
/// was seen in its place once more, later than the new one was fetched. A topic that is deleted
/// and made anew goes on at the same offset, and no error tells of it.
///
/// On a thread of its own, because every question takes as long as the network does and the apply
/// thread must never wait; shared with that thread, which may outlive its owner by one question.
class KafkaWatch {
 public:
  [[nodiscard]] static Result<std::shared_ptr<KafkaWatch>> create(const KafkaConfig& config);

  /// The thread: until `stop` is requested, and the question that is under way is answered.
  void run(const std::stop_token& stop);

  /// Of the cluster that is read; empty until it answered.
  [[nodiscard]] std::string cluster_id() const;
  /// What to read with, if there is a plan; the same one until the plan changes.
  [[nodiscard]] std::shared_ptr<KafkaReader> reader() const;
  /// Where a partition's log ends now. Any thread; waits at most two seconds.
  [[nodiscard]] Result<std::int64_t> end_of(std::int32_t partition) const;

  /// So many records were staged up to now; counts on from reader to reader. The reader's thread.
  void staged(std::int64_t count) { staged_.store(count); }
  /// So many of them are of the log that was read before.
  [[nodiscard]] std::int64_t proven() const { return proven_.load(); }

  Guarded<KafkaPartitions>& partitions() { return partitions_; }
  [[nodiscard]] const Guarded<KafkaPartitions>& partitions() const { return partitions_; }
  KafkaSignals& signals() { return *signals_; }

 private:
  explicit KafkaWatch(KafkaConfig config) : config_(std::move(config)) {}
  bool look();
  bool prove_staged();
  bool look_at_topic();
  bool look_at(const KafkaPartitions::Subject& subject);
  [[nodiscard]] Result<LogProof> prove(const KafkaPartitions::Subject& subject, KafkaBounds bounds);
  [[nodiscard]] Result<LogProof> compare(std::int32_t partition, const Anchor& anchor);
  void replace_reader();

  KafkaConfig config_;
  std::mutex pause_mutex_;
  std::condition_variable_any pause_;
  std::shared_ptr<KafkaSignals> signals_ = std::make_shared<KafkaSignals>();
  std::unique_ptr<KafkaTopic> topic_;
  Guarded<KafkaPartitions> partitions_;
  Guarded<std::string> cluster_id_;
  Guarded<std::shared_ptr<KafkaReader>> reader_;
  std::atomic<std::int64_t> staged_{0};
  std::atomic<std::int64_t> proven_{0};
  std::vector<std::shared_ptr<KafkaReader>> retired_;  ///< ended here, not by the apply thread
};

}  // namespace meterbill
