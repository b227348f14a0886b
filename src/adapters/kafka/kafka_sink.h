#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_handle.h"
#include "ports/sink.h"

namespace meterbill {

/// Produces messages and waits for each delivery report. The spool is the buffer: nothing stays in
/// the producer after `send`.
///
/// Idempotent with acks from all in-sync replicas, so that a retry inside librdkafka repeats
/// nothing; a fatal producer error (hazard H14) makes a new producer, and the spool sends again.
/// One thread.
class KafkaSink final : public Sink {
 public:
  [[nodiscard]] static Result<std::unique_ptr<KafkaSink>> create(const KafkaConfig& config);

  [[nodiscard]] std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override;
  [[nodiscard]] std::string name() const override;

 private:
  explicit KafkaSink(KafkaConfig config) : config_(std::move(config)) {}
  Result<void> make_producer();
  bool produce(const OutgoingMessage& message, SendReport& report);
  static void on_report(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* self);

  KafkaConfig config_;
  std::string
      last_error_;  ///< what the client said last, for the report of a message that timed out
  std::size_t waiting_ = 0;
  KafkaPtr<rd_kafka_t> producer_;  // last: its destruction may still call on_report
};

}  // namespace meterbill
