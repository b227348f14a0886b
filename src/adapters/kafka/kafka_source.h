#pragma once

#include <librdkafka/rdkafka.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_partition.h"
#include "ports/source.h"

namespace meterbill {

/// Reads a topic from the positions in the ledger.
///
/// Not a consumer group: offsets live in the ledger, in the transaction that applies, so `assign`
/// of every partition at stored positions is used and never `subscribe`; no offset is ever
/// committed to Kafka. Nothing is skipped: a missing or other log halts the partition instead of
/// resetting it (`auto.offset.reset=error`). One record at a time by `rd_kafka_consumer_poll`: the
/// batch call, pause and seek of librdkafka 2.0 lose or repeat records.
///
/// Threads: the apply thread calls everything but `status`; a thread of its own asks the cluster
/// for what takes time (name, partitions, log bounds), every 30 s and after an error.
class KafkaSource final : public Source {
 public:
  [[nodiscard]] static Result<std::unique_ptr<KafkaSource>> create(const KafkaConfig& config);
  ~KafkaSource() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Route route() const override { return Route::kKafka; }
  [[nodiscard]] Result<void> start(std::vector<PartitionPosition> positions) override;
  void poll(std::vector<Arrival>& into, std::size_t max) override;
  [[nodiscard]] Sha256 digest(const Delivery& delivery) const override;
  void committed(std::span<const PartitionPosition> positions) override;
  void answer(std::int64_t request, const Counts& counts) override;
  void rejected(const std::string& reason) override;
  [[nodiscard]] SourceStatus status() const override;
  void on_arrival(std::function<void()> wake) override;
  [[nodiscard]] Result<PartitionPosition> accept(std::int32_t partition) override;

 private:
  /// What is known of one partition. Guarded by mutex_.
  struct Partition {
    PartitionState state = PartitionState::kWaiting;
    std::string reason;
    std::optional<PartitionPosition> stored;  ///< as committed in the ledger
    bool to_check = true;           ///< log bounds must be asked before it is read (again)
    std::optional<StartPlan> plan;  ///< what the bounds said; taken over by the apply thread
    bool assigned = false;
    bool verifying = false;        ///< the next record must be the anchor
    std::int64_t next_offset = 0;  ///< of the next record to hand over; smaller ones are stale
    std::int64_t low = -1;
    std::int64_t high = -1;
    bool exists = true;
  };

  KafkaSource(KafkaConfig config, KafkaPtr<rd_kafka_t> handle);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* self);
  static void on_event(rd_kafka_t* handle, void* self);
  void watch(const std::stop_token& stop);
  bool refresh_cluster();
  bool refresh_partitions();
  void check_partition(std::int32_t id);
  void apply_plans();
  void assign();
  void take(const rd_kafka_message_t& message, std::vector<Arrival>& into);
  void take_record(const rd_kafka_message_t& message, std::vector<Arrival>& into);
  void take_error(const rd_kafka_message_t& message);
  void halt(Partition& partition, std::string reason);
  void ask_for_check();
  void notify();
  void unreachable(std::string reason);

  KafkaConfig config_;
  mutable std::mutex mutex_;
  std::condition_variable_any check_wanted_;
  std::string cluster_id_;  ///< guarded by mutex_
  std::string unreachable_ =
      "not connected yet";                        ///< guarded by mutex_; empty: the cluster answers
  std::map<std::int32_t, Partition> partitions_;  ///< guarded by mutex_
  bool started_ = false;                          ///< guarded by mutex_
  bool check_now_ = false;                        ///< guarded by mutex_
  bool plans_ready_ = false;                      ///< guarded by mutex_
  std::mutex wake_mutex_;
  std::function<void()> wake_;  ///< guarded by wake_mutex_
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  std::jthread watcher_;
};

}  // namespace meterbill
