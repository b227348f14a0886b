#include <array>
#include <initializer_list>
#include <utility>

#include "bench_rdkafka.h"
#include "bench_trips.h"

namespace meterbill::bench {

namespace {

constexpr int kWaitMs = 10'000;
constexpr std::int32_t kPartition = 0;

using Settings = std::initializer_list<std::pair<const char*, const char*>>;

/// Without a group: no rebalance, no commit.
Result<Owned<rd_kafka_t>> client(rd_kafka_type_t type, const Settings& settings) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value, error.data(), error.size()) == RD_KAFKA_CONF_OK)
      continue;
    rd_kafka_conf_destroy(conf);
    return fail(Code::kConfig, error.data());
  }
  Owned<rd_kafka_t> made(rd_kafka_new(type, conf, error.data(), error.size()));
  if (made != nullptr) return made;
  rd_kafka_conf_destroy(conf);
  return fail(Code::kConfig, error.data());
}

Error failed(rd_kafka_resp_err_t code) { return fail(Code::kUnavailable, rd_kafka_err2str(code)); }

class KafkaTrip final : public Trip {
 public:
  static Result<std::unique_ptr<Trip>> open(const std::string& brokers, const std::string& topic) {
    auto trip = std::make_unique<KafkaTrip>();
    MB_TRY(trip->producer_, client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers.c_str()},
                                                       {"socket.nagle.disable", "true"},
                                                       {"acks", "all"},
                                                       {"linger.ms", "0"}}));
    MB_TRY(trip->consumer_, client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers.c_str()},
                                                       {"socket.nagle.disable", "true"},
                                                       {"fetch.min.bytes", "1"}}));
    trip->to_.reset(rd_kafka_topic_new(trip->producer_.get(), topic.c_str(), nullptr));
    trip->from_.reset(rd_kafka_topic_new(trip->consumer_.get(), topic.c_str(), nullptr));
    if (rd_kafka_consume_start(trip->from_.get(), kPartition, RD_KAFKA_OFFSET_BEGINNING) != 0)
      return failed(rd_kafka_last_error());
    return trip;
  }

  Result<void> carry(const std::string& value) override {
    if (rd_kafka_produce(to_.get(), kPartition, RD_KAFKA_MSG_F_COPY,
                         const_cast<char*>(value.data()), value.size(), nullptr, 0, nullptr) != 0)
      return failed(rd_kafka_last_error());
    const Owned<rd_kafka_message_t> message(rd_kafka_consume(from_.get(), kPartition, kWaitMs));
    if (message == nullptr) return fail(Code::kUnavailable, "nothing came back");
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(message->err);
    rd_kafka_poll(producer_.get(), 0);  // its report, so that they do not pile up
    if (message->len != value.size()) return fail(Code::kInvalid, "another value came back");
    return ok();
  }

 private:
  Owned<rd_kafka_t> producer_, consumer_;
  Owned<rd_kafka_topic_t> to_, from_;  // gone before the clients
};

}  // namespace

Result<std::unique_ptr<Trip>> kafka_trip(const std::string& brokers, const std::string& topic) {
  return KafkaTrip::open(brokers, topic);
}

}  // namespace meterbill::bench
