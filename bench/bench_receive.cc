#include <fmt/format.h>

#include <array>
#include <chrono>

#include "bench_kafka.h"
#include "bench_rdkafka.h"

namespace meterbill::bench {

namespace {

constexpr int kWaitMs = 10'000;

}  // namespace

// The queue of the simple consumer: no group, no rebalance, messages in batches. What librdkafka
// does beneath any consumer, and no more.
std::string receive(const std::string& brokers, const std::string& topic, std::int64_t count) {
  std::array<char, 512> error{};
  const auto start = std::chrono::steady_clock::now();
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] :
       {std::pair{"bootstrap.servers", brokers.c_str()}, std::pair{"fetch.wait.max.ms", "50"}}) {
    if (rd_kafka_conf_set(conf, name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK)
      return error.data();
  }
  const Owned<rd_kafka_t> kafka(rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size()));
  if (kafka == nullptr) return error.data();
  const Owned<rd_kafka_topic_t> handle(rd_kafka_topic_new(kafka.get(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* told = nullptr;
  const rd_kafka_resp_err_t asked = rd_kafka_metadata(kafka.get(), 0, handle.get(), &told, kWaitMs);
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_err2str(asked);
  const Owned<const rd_kafka_metadata_t> metadata(told);
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(kafka.get()));
  const int partitions = metadata->topics[0].partition_cnt;
  for (int i = 0; i < partitions; ++i)
    rd_kafka_consume_start_queue(handle.get(), i, RD_KAFKA_OFFSET_BEGINNING, queue.get());

  std::int64_t read = 0, bytes = 0;
  std::array<rd_kafka_message_t*, 10'000> batch{};
  while (read < count) {
    const ssize_t got =
        rd_kafka_consume_batch_queue(queue.get(), kWaitMs, batch.data(), batch.size());
    if (got <= 0) return fmt::format("only {} of {} messages came", read, count);
    for (ssize_t i = 0; i < got; ++i) {
      const rd_kafka_message_t* message = batch.at(static_cast<std::size_t>(i));
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++read;
        bytes += static_cast<std::int64_t>(message->len);
      }
      rd_kafka_message_destroy(batch.at(static_cast<std::size_t>(i)));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  for (int i = 0; i < partitions; ++i) rd_kafka_consume_stop(handle.get(), i);
  fmt::print("{{\"seconds\":{:.6f},\"count\":{},\"bytes\":{}}}\n", took.count(), read, bytes);
  return "";
}

}  // namespace meterbill::bench
