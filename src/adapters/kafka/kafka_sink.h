#pragma once

#include <atomic>
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
/// One thread, except `stop`.
class KafkaSink final : public Sink {
 public:
  /// kConfig: a property that librdkafka does not take. That no broker answers is no failure.
  [[nodiscard]] static Result<std::unique_ptr<KafkaSink>> create(const KafkaConfig& config);

  /// At most 10 s, also when no broker answers.
  [[nodiscard]] std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override;
  [[nodiscard]] std::string name() const override;

  /// Ends a `send` that waits, within a second, and every later one at once: what has
  /// no report yet is kLater. Any thread.
  void stop() { is_stopped_.store(true); }

 private:
  explicit KafkaSink(KafkaConfig config) : config_(std::move(config)) {}
  Result<void> make_producer();
  bool produce(const OutgoingMessage& message, SendReport& report);
  void wait_for_reports(std::int64_t until_us);
  void send_alone(std::span<const OutgoingMessage> messages, std::vector<SendReport>& reports,
                  std::int64_t until_us);
  void take_back();
  [[nodiscard]] std::string reason(rd_kafka_resp_err_t code) const;
  static void on_report(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* self);

  KafkaConfig config_;
  std::atomic<bool> is_stopped_{false};
  std::string
      last_error_;  ///< what the client said last, for the report of a message that timed out
  std::size_t waiting_ = 0;
  KafkaClient producer_;  // empty after `take_back`; its callbacks run inside `send` alone
};

}  // namespace meterbill
