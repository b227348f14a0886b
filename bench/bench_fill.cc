#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>

#include <memory>

#include "bench_kafka.h"

namespace meterbill::bench {

namespace {

/// Set when a message was not delivered, by librdkafka's thread that serves `poll`: ours.
class Reports final : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    if (message.err() != RdKafka::ERR_NO_ERROR) failure_ = message.errstr();
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  std::string failure_;
};

RdKafka::Headers* headers(const Message& message, std::int64_t number) {
  RdKafka::Headers* made = RdKafka::Headers::create();
  made->add("ce_specversion", "1.0");
  made->add("ce_id", fmt::format("bench-{}", number));
  made->add("ce_source", "urn:meterbill:agent:" + message.machine);
  made->add("ce_type", "io.meterbill.reading.v1");
  made->add("ce_time", "2026-01-01T00:00:00Z");
  made->add("ce_subject", message.machine);
  made->add("content-type", "application/json");
  return made;
}

}  // namespace

std::string fill(const std::string& brokers, const std::string& topic, const Shape& shape,
                 std::int64_t count, std::int64_t start_s) {
  std::string error;
  Reports reports;
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  conf->set("bootstrap.servers", brokers, error);
  conf->set("linger.ms", "20", error);
  conf->set("batch.size", "1000000", error);
  conf->set("partitioner", "murmur2_random", error);
  conf->set("acks", "all", error);
  conf->set("dr_cb", &reports, error);
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (producer == nullptr) return error;
  for (std::int64_t i = 0; i < count && reports.failure().empty();) {
    const Message made = message(shape, i, start_s);
    RdKafka::Headers* of_message = shape.is_sample ? nullptr : headers(made, i);
    const RdKafka::ErrorCode sent =
        producer->produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                          const_cast<char*>(made.value.data()), made.value.size(),
                          made.machine.data(), made.machine.size(), 0, of_message, nullptr);
    if (sent == RdKafka::ERR_NO_ERROR) {
      ++i;
    } else {
      delete of_message;  // ours again when it was not taken
      if (sent != RdKafka::ERR__QUEUE_FULL) return RdKafka::err2str(sent);
    }
    producer->poll(sent == RdKafka::ERR__QUEUE_FULL ? 100 : 0);
  }
  if (producer->flush(60'000) != RdKafka::ERR_NO_ERROR) return "not all was delivered in 60 s";
  return reports.failure();
}

}  // namespace meterbill::bench
