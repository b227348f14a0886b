#include "adapters/kafka/kafka_topic.h"

#include <fmt/format.h>

#include <utility>

#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

KafkaTopicFacts facts_of(const rd_kafka_metadata_t& metadata) {
  KafkaTopicFacts facts;
  if (metadata.broker_cnt > 0) facts.broker_id = metadata.brokers[0].id;
  const rd_kafka_metadata_topic_t& topic = metadata.topics[0];
  if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return facts;
  facts.exists = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (!facts.exists) facts.trouble = rd_kafka_err2str(topic.err);
  for (int i = 0; facts.exists && i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = topic.partitions[i];
    std::string trouble;
    if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR &&
        partition.err != RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE)
      trouble = rd_kafka_err2str(partition.err);
    else if (partition.leader < 0)
      trouble = "no broker leads it";
    facts.partitions.push_back({partition.id, trouble});
  }
  return facts;
}

}  // namespace

Result<std::unique_ptr<KafkaTopic>> KafkaTopic::create(const KafkaConfig& config,
                                                       std::shared_ptr<KafkaSignals> signals) {
  KafkaProperties forced = forced_consumer_properties();
  std::erase_if(forced, [](const auto& property) { return property.first == "group.id"; });
  // It reads one record now and then: little is fetched ahead, and no fetch waits for more while
  // the next question stands behind it on the connection.
  forced.insert(forced.end(), {{"fetch.message.max.bytes", "131072"},
                               {"fetch.wait.max.ms", "10"},
                               {"queued.max.messages.kbytes", "1024"}});
  MB_TRY(auto conf, make_kafka_conf(config, common_kafka_defaults(), forced));
  std::unique_ptr<KafkaTopic> topic{new KafkaTopic(config.topic)};
  topic->signals_ = std::move(signals);
  note_failures(conf.get(), *topic->signals_);
  MB_TRY(auto handle, make_kafka_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  topic->client_ = KafkaClient(std::move(handle), topic->signals_);
  topic->topic_.reset(rd_kafka_topic_new(topic->client_.get(), config.topic.c_str(), nullptr));
  if (!topic->topic_)
    return fail(Code::kConfig, fmt::format("'{}' cannot be a topic's name", config.topic));
  return topic;
}

Error KafkaTopic::unavailable(rd_kafka_resp_err_t code) const {
  const std::string error = signals_->error();
  return fail(Code::kUnavailable, error.empty() ? rd_kafka_err2str(code) : error);
}

Result<KafkaTopicFacts> KafkaTopic::facts(int timeout_ms) {
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client_.get(), 0, topic_.get(), &raw, timeout_ms);
  rd_kafka_poll(client_.get(), 0);  // serves note_failures
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable(error);
  const KafkaPtr<const rd_kafka_metadata_t> metadata{raw};
  if (metadata->topic_cnt != 1)
    return fail(Code::kUnavailable, "a broker answered without the topic");
  KafkaTopicFacts facts = facts_of(*metadata);
  if (char* id = rd_kafka_clusterid(client_.get(), 0)) {
    facts.cluster_id = id;
    rd_kafka_mem_free(client_.get(), id);
  }
  signals_->clear_error();
  return facts;
}

Result<KafkaBounds> KafkaTopic::bounds(std::int32_t partition, int timeout_ms) const {
  KafkaBounds bounds;
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      client_.get(), name_.c_str(), partition, &bounds.low, &bounds.high, timeout_ms);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return bounds;
  return unavailable(error);
}

Result<KafkaRecord> KafkaTopic::read_at(std::int32_t partition, std::int64_t offset,
                                        int timeout_ms) {
  if (rd_kafka_consume_start(topic_.get(), partition, offset) != 0)
    return unavailable(rd_kafka_last_error());
  const KafkaPtr<rd_kafka_message_t> message{rd_kafka_consume(topic_.get(), partition, timeout_ms)};
  const rd_kafka_resp_err_t error = message ? message->err : rd_kafka_last_error();
  rd_kafka_consume_stop(topic_.get(), partition);
  if (!message || error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable(error);
  return KafkaRecord{message->offset, to_delivery(*message)};
}

}  // namespace meterbill
