#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_partitions.h"
#include "sim/sim_broker.h"
#include "sim/sim_reads.h"

namespace meterbill::sim {

/// KafkaSource and KafkaWatch over the model broker: the decisions are the real KafkaPartitions',
/// what is written here is the edge to the network, and as the real one it keeps a client that goes
/// on reading at its offset whatever became of the log below it.
class KafkaSourceModel final : public Source {
 public:
  /// `reads` is told what is handed over and what becomes of it.
  KafkaSourceModel(Broker& broker, Reads& reads, Random& random)
      : broker_(broker), reads_(reads), random_(random) {}

  /// A look at the cluster, as the real one does every so often.
  void look();
  /// Called between fetching records and proving that their log is the right one.
  std::function<void()> before_proof = [] {};
  /// Connections are not cut any more.
  bool is_reliable = false;
  /// Nothing is polled: another thread waits for the worker meanwhile, and how often it polls must
  /// not matter.
  bool is_frozen = false;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Route route() const override { return Route::kKafka; }
  [[nodiscard]] Result<void> start(std::vector<PartitionPosition> positions) override;
  void poll(std::vector<Arrival>& into, std::size_t max) override;
  [[nodiscard]] std::vector<Gap> take_gaps() override { return all_.take_gaps(); }
  [[nodiscard]] Sha256 digest(const Delivery& delivery) const override;
  void committed(std::span<const PartitionPosition> positions) override;
  void answer(std::int64_t, const Counts&) override {}
  void rejected(const std::string& reason) override;
  [[nodiscard]] SourceStatus status() const override { return all_.status(); }
  void on_arrival(std::function<void()>) override {}
  [[nodiscard]] Result<PartitionPosition> accept(std::int32_t partition) override;

 private:
  void look_at(const KafkaPartitions::Subject& subject);
  [[nodiscard]] LogProof prove(const KafkaPartitions::Subject& subject, const Log& log) const;
  [[nodiscard]] LogProof compare(const Log& log, const Anchor& anchor) const;
  bool prove_staged();
  void stage(std::size_t max);
  void stage_from(std::int32_t id, std::int64_t& next, std::size_t max);

  Broker& broker_;
  Reads& reads_;
  Random& random_;
  KafkaPartitions all_;
  bool has_answered_ = false;
  std::int64_t generation_ = 0;
  std::map<std::int32_t, std::int64_t> reader_;  ///< next offset, by partition
  std::deque<Arrival> staged_;
};

}  // namespace meterbill::sim
