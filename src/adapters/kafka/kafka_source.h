#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/kafka_config.h"
#include "adapters/kafka/kafka_watch.h"
#include "ports/source.h"

namespace meterbill {

/// Reads a topic from the positions in the ledger.
///
/// Not a consumer group: offsets live in the ledger, in the transaction that applies, so `assign`
/// of every partition at stored positions is used and never `subscribe`; no offset is ever
/// committed to Kafka. Nothing is skipped: a missing or other log halts the partition instead of
/// resetting it (`auto.offset.reset=error`). One record at a time: the batch call, pause and seek
/// of librdkafka 2.0 lose or repeat records.
///
/// Threads: the apply thread calls everything but `status`. KafkaWatch has a thread of its own;
/// when this object goes while the cluster does not answer, that thread ends when its question
/// does.
class KafkaSource final : public Source {
 public:
  /// kConfig: a property that librdkafka does not take. That no broker answers is no failure.
  [[nodiscard]] static Result<std::unique_ptr<KafkaSource>> create(const KafkaConfig& config);
  ~KafkaSource() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Route route() const override { return Route::kKafka; }
  [[nodiscard]] Result<void> start(std::vector<PartitionPosition> positions) override;
  void poll(std::vector<Arrival>& into, std::size_t max) override;
  [[nodiscard]] std::vector<Gap> take_gaps() override;
  [[nodiscard]] Sha256 digest(const Delivery& delivery) const override;
  void committed(std::span<const PartitionPosition> positions) override;
  void answer(std::int64_t request, const Counts& counts) override;
  void rejected(const std::string& reason) override;
  [[nodiscard]] SourceStatus status() const override;
  void on_arrival(std::function<void()> wake) override;
  [[nodiscard]] Result<PartitionPosition> accept(std::int32_t partition) override;

 private:
  KafkaSource(std::string topic, std::shared_ptr<KafkaWatch> watch)
      : topic_(std::move(topic)), watch_(std::move(watch)) {}
  template <class Use>
  void change(Use&& use);
  void stage(std::size_t max);
  bool take(std::span<const KafkaPtr<rd_kafka_message_t>> messages);
  void take_record(const rd_kafka_message_t& message, KafkaPartitions& all);
  void hand_over(std::vector<Arrival>& into, std::size_t full);
  void drop_staged();
  void note_ends();

  std::string topic_;
  std::shared_ptr<KafkaWatch> watch_;
  // The apply thread's:
  std::shared_ptr<KafkaReader> reader_;
  std::deque<Arrival> staged_;     ///< read, but not proven yet to be of the right log
  std::size_t staged_bytes_ = 0;   ///< that they hold
  std::int64_t staged_count_ = 0;  ///< of all that ever were staged
  std::future<void> ended_;
  std::jthread thread_;
};

}  // namespace meterbill
