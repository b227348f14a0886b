#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <optional>
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
/// Threads: `poll` one thread; the rest any.
class KafkaReader {
 public:
  /// kConfig: the properties do not go together. `starts` must not be empty.
  [[nodiscard]] static Result<std::shared_ptr<KafkaReader>> create(
      const KafkaConfig& config, std::span<const KafkaStart> starts, std::int64_t generation,
      const std::shared_ptr<KafkaSignals>& signals);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  /// The next records and errors, at most `max`; never waits.
  [[nodiscard]] std::vector<KafkaPtr<rd_kafka_message_t>> poll(std::size_t max);

  /// Of the plan that it carries out.
  [[nodiscard]] std::int64_t generation() const { return generation_; }
  /// The end of a partition's log as the last fetch told it; -1 unknown.
  [[nodiscard]] std::int64_t end_of(std::int32_t partition) const;

 private:
  KafkaReader(std::string topic, std::int64_t generation)
      : topic_(std::move(topic)), generation_(generation) {}
  Result<void> assign(std::span<const KafkaStart> starts);
  void tell_of_room(const rd_kafka_message_t& taken);
  static void on_event(rd_kafka_t* handle, void* signals);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* signals);

  std::string topic_;
  std::int64_t generation_;
  std::optional<KafkaCredentials> credentials_;  ///< absent: it cannot be woken
  std::int64_t room_bytes_ = 0;                  ///< it is woken when so many were taken
  std::int64_t taken_bytes_ = 0;                 ///< since it was woken
  KafkaClient client_;
  KafkaPtr<rd_kafka_queue_t> queue_;  // last: a queue goes before its client
};

}  // namespace meterbill
