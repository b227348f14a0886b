#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_signals.h"

namespace meterbill {

/// Where a partition is read from.
struct KafkaStart {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const KafkaStart&, const KafkaStart&) = default;
};

/// Reads the given partitions from the given offsets, for as long as it lives.
///
/// One consumer per assignment, not one that is assigned anew: a record of an assignment that is
/// over cannot come, whatever the client does (hazards H1, H2, H4), and a client that a deleted
/// partition has spoiled is thrown away. `assign` with explicit offsets, one record at a time.
///
/// It counts disturbances: requests that a consumer only sends when something happened to its
/// connection or to a partition. Until somebody has looked whether the log is still the same
/// (`prove`), what comes after a disturbance may be of another log: a topic that is deleted and
/// made anew goes on at the same offset without any error being told.
///
/// Threads: `poll` one thread; the rest any.
class KafkaReader {
 public:
  /// kConfig: the properties do not go together. `starts` must not be empty.
  [[nodiscard]] static Result<std::shared_ptr<KafkaReader>> create(
      const KafkaConfig& config, std::span<const KafkaStart> starts, std::int64_t generation,
      std::shared_ptr<KafkaSignals> signals);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  /// The next record or error, if there is one; never waits.
  [[nodiscard]] KafkaPtr<rd_kafka_message_t> poll();

  /// Of the plan that it carries out.
  [[nodiscard]] std::int64_t generation() const { return generation_; }
  /// The end of a partition's log as the last fetch told it; -1 unknown.
  [[nodiscard]] std::int64_t end_of(std::int32_t partition) const;

  [[nodiscard]] std::int64_t disturbances() const { return calls_->disturbances.load(); }
  /// The log was still the same after so many disturbances.
  void prove(std::int64_t disturbances) { proven_.store(disturbances); }
  [[nodiscard]] bool is_disturbed() const { return proven_.load() != disturbances(); }

 private:
  /// What the client's callbacks point to; lives as long as the client.
  struct Calls {
    std::shared_ptr<KafkaSignals> signals;
    std::atomic<std::int64_t> disturbances{0};
  };

  KafkaReader(std::string topic, std::int64_t generation, std::shared_ptr<Calls> calls)
      : topic_(std::move(topic)), generation_(generation), calls_(std::move(calls)) {}
  Result<void> assign(std::span<const KafkaStart> starts);
  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t* conf, void* calls,
                                    char* reason, std::size_t size);
  static rd_kafka_resp_err_t on_request(rd_kafka_t* handle, int socket, const char* broker,
                                        std::int32_t broker_id, std::int16_t api_key,
                                        std::int16_t api_version, std::int32_t correlation,
                                        std::size_t size, void* calls);
  static void on_event(rd_kafka_t* handle, void* calls);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* calls);

  std::string topic_;
  std::int64_t generation_;
  std::shared_ptr<Calls> calls_;
  std::atomic<std::int64_t> proven_{0};
  KafkaClient client_;
  KafkaPtr<rd_kafka_queue_t> queue_;  // last: a queue goes before its client
};

}  // namespace meterbill
