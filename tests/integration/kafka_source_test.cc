// The Kafka adapters against a real broker. Started by test_kafka_adapters.py.
#include "adapters/kafka/kafka_source.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "adapters/kafka/kafka_sink.h"
#include "support/broker_bed.h"

namespace meterbill {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

BrokerBed& bed() {
  static BrokerBed the_bed;
  return the_bed;
}

/// What the worker does with a source, without a ledger: positions move when a batch is kept.
class Reading {
 public:
  explicit Reading(const std::string& topic, const std::string& brokers = bed().direct(),
                   std::map<std::int32_t, PartitionPosition> stored = {},
                   std::chrono::milliseconds look_every = 1s)
      : positions(std::move(stored)) {
    KafkaConfig config;
    config.brokers = brokers;
    config.topic = topic;
    // So that a test need not wait half a minute for what is not told at once.
    config.look_every = look_every;
    source = KafkaSource::create(config).value();
    source->on_arrival([this] {
      const std::scoped_lock lock(mutex_);
      awake_ = true;
      wake_.notify_all();
    });
  }

  ~Reading() { source.reset(); }

  /// One round of the worker; `keep` false: the commit fails.
  void step(bool keep = true) {
    if (!started_ && !source->name().empty()) {
      std::vector<PartitionPosition> known;
      for (const auto& entry : positions) known.push_back(entry.second);
      ASSERT_TRUE(source->start(std::move(known)));
      started_ = true;
    }
    std::vector<Arrival> batch;
    if (started_) {
      source->poll(batch, 1'000);
      const std::vector<Gap> found = source->take_gaps();
      gaps.insert(gaps.end(), found.begin(), found.end());
    }
    if (batch.empty()) return;
    delivered += batch.size();
    if (!keep) return source->rejected("disk full");
    std::map<std::int32_t, PartitionPosition> moved;
    for (const Arrival& arrival : batch) {
      PartitionPosition& position = positions[arrival.position.partition];
      ASSERT_GE(arrival.position.offset, position.next_offset) << "delivered twice";
      position.partition = arrival.position.partition;
      position.next_offset = arrival.position.offset + 1;
      position.anchor = Anchor{arrival.position.offset, source->digest(arrival.delivery)};
      moved[position.partition] = position;
      values.push_back(arrival.delivery.value);
      deliveries.push_back(arrival.delivery);
    }
    std::vector<PartitionPosition> committed;
    committed.reserve(moved.size());
    for (const auto& entry : moved) committed.push_back(entry.second);
    source->committed(committed);
  }

  /// Waits until the source wakes its reader; false after the limit.
  bool wait_for_wake(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const bool woken = wake_.wait_for(lock, limit, [this] { return awake_; });
    awake_ = false;
    return woken;
  }

  template <class Predicate>
  bool steps_until(Predicate&& predicate, std::chrono::milliseconds limit = 20s) {
    for (const auto end = steady_clock::now() + limit; steady_clock::now() < end;) {
      step();
      if (predicate()) return true;
      wait_for_wake(50ms);
    }
    return false;
  }

  bool reads(std::size_t count) {
    return steps_until([&] { return values.size() >= count; });
  }
  bool is_ready() {
    return steps_until([&] { return source->status().ready; });
  }
  bool becomes(std::int32_t partition, PartitionState state) {
    return steps_until([&] {
      const SourceStatus status = source->status();
      return std::ranges::any_of(status.partitions, [&](const PartitionStatus& shown) {
        return shown.partition == partition && shown.state == state;
      });
    });
  }
  PartitionStatus partition(std::int32_t id) const {
    for (const PartitionStatus& shown : source->status().partitions)
      if (shown.partition == id) return shown;
    return {};
  }
  void accept(std::int32_t id) {
    const auto position = source->accept(id);
    ASSERT_TRUE(position) << position.error().message;
    positions[id] = position.value();
    source->committed({&position.value(), 1});
  }

  std::map<std::int32_t, PartitionPosition> positions;
  std::vector<std::string> values;
  std::vector<Gap> gaps;
  std::vector<Delivery> deliveries;
  std::size_t delivered = 0;
  std::unique_ptr<KafkaSource> source;

 private:
  bool started_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool awake_ = false;
};

std::size_t count_of(const Reading& reading, const std::string& prefix) {
  return static_cast<std::size_t>(std::ranges::count_if(
      reading.values, [&](const std::string& value) { return value.starts_with(prefix); }));
}

class KafkaSourceTest : public testing::Test {
 protected:
  void TearDown() override { bed().order("heal"); }
};

TEST_F(KafkaSourceTest, ReadsFromTheBeginningAndGoesOnWhereItWasCommitted) {
  bed().order("create t1 3");
  for (const char* partition : {"0", "1", "2"})
    bed().order(std::string("produce t1 ") + partition + " 10 first");
  std::map<std::int32_t, PartitionPosition> positions;
  {
    Reading first("t1");
    ASSERT_TRUE(first.reads(30));
    EXPECT_TRUE(first.is_ready()) << first.source->status().reason;
    EXPECT_EQ(first.partition(2).end_offset, 10);
    EXPECT_EQ(first.partition(2).next_offset, 10);
    positions = first.positions;
  }
  bed().order("produce t1 1 5 second");
  Reading second("t1", bed().direct(), positions);
  ASSERT_TRUE(second.reads(5));
  EXPECT_TRUE(second.is_ready());
  EXPECT_THAT(second.values,
              ElementsAre("second-1-0", "second-1-1", "second-1-2", "second-1-3", "second-1-4"));
}

TEST_F(KafkaSourceTest, ARecordWakesAnIdleReader) {
  bed().order("create t2 1");
  // Nothing but the record wakes it: looks are a minute apart.
  Reading reading("t2", bed().direct(), {}, 60s);
  ASSERT_TRUE(reading.is_ready());
  for (int i = 0; i < 5; ++i) {
    while (reading.wait_for_wake(700ms)) reading.step();
    bed().order("produce t2 0 1 wake");
    const auto begin = steady_clock::now();
    while (reading.values.size() <= static_cast<std::size_t>(i)) {
      ASSERT_TRUE(reading.wait_for_wake(10s)) << "not woken";
      reading.step();
    }
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin);
    RecordProperty("wake_us", static_cast<int>(took.count()));
    std::printf("woken after %d us\n", static_cast<int>(took.count()));
  }
}

TEST_F(KafkaSourceTest, EveryByteComesAsItWas) {
  bed().order("create t3 1");
  bed().order("produce_odd t3");
  Reading reading("t3");
  ASSERT_TRUE(reading.reads(3));
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  const Delivery& odd = reading.deliveries[0];
  EXPECT_EQ(odd.key, every);
  EXPECT_EQ(odd.value, every);
  EXPECT_EQ(odd.recorded.us, 1'234'000);
  EXPECT_EQ(odd.headers, (Headers{{"a", every}, {"a", "2"}, {"n", ""}}));
  EXPECT_TRUE(reading.deliveries[1].tombstone);
  EXPECT_FALSE(reading.deliveries[2].tombstone);
}

TEST_F(KafkaSourceTest, WaitsForATopicThatIsMadeLater) {
  Reading reading("t4");
  ASSERT_TRUE(reading.steps_until(
      [&] { return reading.source->status().reason.find("no such topic") != std::string::npos; }));
  bed().order("create t4 1");
  bed().order("produce t4 0 3 late");
  ASSERT_TRUE(reading.reads(3));
  EXPECT_TRUE(reading.is_ready());
}

TEST_F(KafkaSourceTest, WaitsForABrokerThatIsAwayAtTheStart) {
  bed().order("create t5 1");
  bed().order("produce t5 0 3 kept");
  bed().order("cut");
  Reading reading("t5", bed().proxied());
  ASSERT_TRUE(reading.steps_until([&] {
    return reading.source->status().reason.find(bed().proxied()) != std::string::npos;
  })) << reading.source->status().reason;
  EXPECT_FALSE(reading.source->status().ready);
  EXPECT_EQ(reading.source->name(), "");
  bed().order("heal");
  ASSERT_TRUE(reading.reads(3));
  EXPECT_TRUE(reading.is_ready());
}

TEST_F(KafkaSourceTest, ABrokerThatWasAwayIsReadOnWhereItStopped) {
  bed().order("create t6 1");
  bed().order("produce t6 0 3 before");
  Reading reading("t6", bed().proxied());
  ASSERT_TRUE(reading.reads(3));
  for (const char* fault : {"cut", "hole"}) {
    bed().order(fault);
    ASSERT_TRUE(reading.becomes(0, PartitionState::kWaiting)) << fault;
    EXPECT_FALSE(reading.source->status().ready);
    bed().order(std::string("produce t6 0 3 ") + fault);
    bed().order("heal");
    ASSERT_TRUE(reading.steps_until([&] { return count_of(reading, fault) == 3; })) << fault;
    EXPECT_TRUE(reading.is_ready());
  }
  EXPECT_EQ(reading.delivered, 9U);
}

TEST_F(KafkaSourceTest, ABrokerThatIsKilledAndStartedAgainLosesNothing) {
  bed().order("create t7 2");
  bed().order("produce t7 0 3 before");
  Reading reading("t7");
  ASSERT_TRUE(reading.reads(3));
  bed().order("restart");
  bed().order("produce t7 1 3 after");
  ASSERT_TRUE(reading.reads(6));
  EXPECT_TRUE(reading.is_ready());
  EXPECT_EQ(reading.delivered, 6U);
}

TEST_F(KafkaSourceTest, ALogMadeAnewWithFewerRecordsHaltsUntilItIsAccepted) {
  bed().order("create t8 1");
  bed().order("produce t8 0 10 old");
  Reading reading("t8");
  ASSERT_TRUE(reading.reads(10));
  bed().order("recreate t8 1 4 new");
  ASSERT_TRUE(reading.steps_until([&] {
    return reading.partition(0).reason.find("kafka accept --partition 0") != std::string::npos;
  })) << reading.partition(0).reason;
  EXPECT_EQ(reading.partition(0).state, PartitionState::kHalted);
  EXPECT_FALSE(reading.source->status().ready);
  // It stays so, though the new log grows past the old one's end.
  bed().order("produce t8 0 20 new");
  EXPECT_FALSE(reading.steps_until([&] { return reading.values.size() > 10; }, 2s));
  EXPECT_EQ(reading.partition(0).state, PartitionState::kHalted);

  reading.accept(0);
  EXPECT_EQ(reading.positions[0].incarnation, 2);
  EXPECT_EQ(reading.positions[0].replay_until, 24);
  ASSERT_TRUE(reading.reads(34));
  EXPECT_EQ(count_of(reading, "new"), 24U);
  EXPECT_TRUE(reading.is_ready());
  bed().order("produce t8 0 1 more");
  ASSERT_TRUE(reading.reads(35));
}

TEST_F(KafkaSourceTest, ALogMadeAnewThatGrewPastThePositionHaltsBeforeAnyRecordOfIt) {
  bed().order("create t9 1");
  bed().order("produce t9 0 5 old");
  Reading reading("t9");
  ASSERT_TRUE(reading.reads(5));
  bed().order("recreate t9 1 50 new");
  ASSERT_TRUE(reading.steps_until([&] {
    return reading.partition(0).reason.find("kafka accept") != std::string::npos;
  })) << reading.partition(0).reason;
  EXPECT_EQ(reading.values.size(), 5U);
  EXPECT_THAT(reading.partition(0).reason, HasSubstr("made anew"));
  const auto positions = reading.positions;

  // Nor does a restart forget it.
  Reading again("t9", bed().direct(), positions);
  ASSERT_TRUE(again.becomes(0, PartitionState::kHalted));
  EXPECT_THAT(again.values, IsEmpty());
  again.accept(0);
  ASSERT_TRUE(again.reads(50));
  EXPECT_EQ(again.source->accept(0).error().code, Code::kInvalid);
  EXPECT_EQ(again.source->accept(7).error().code, Code::kNotFound);
}

TEST_F(KafkaSourceTest, APartitionThatIsMissingAfterwardsHaltsAndTheOthersNeedAcceptance) {
  bed().order("create t10 2");
  bed().order("produce t10 0 3 old");
  bed().order("produce t10 1 3 old");
  Reading reading("t10");
  ASSERT_TRUE(reading.reads(6));
  bed().order("recreate t10 1 9 new");
  ASSERT_TRUE(reading.becomes(1, PartitionState::kHalted));
  ASSERT_TRUE(reading.steps_until(
      [&] { return reading.partition(0).reason.find("kafka accept") != std::string::npos; }));
  EXPECT_THAT(reading.partition(1).reason, HasSubstr("no longer has this partition"));
  EXPECT_EQ(reading.source->accept(1).error().code, Code::kInvalid);
  EXPECT_EQ(reading.values.size(), 6U);
}

TEST_F(KafkaSourceTest, ATopicThatIsGoneHaltsAndSaysSo) {
  bed().order("create t11 1");
  bed().order("produce t11 0 3 old");
  Reading reading("t11");
  ASSERT_TRUE(reading.reads(3));
  bed().order("delete t11");
  ASSERT_TRUE(reading.becomes(0, PartitionState::kHalted));
  EXPECT_THAT(reading.partition(0).reason, HasSubstr("gone"));
}

TEST_F(KafkaSourceTest, RecordsThatRetentionTookAreAGapAndReadingGoesOn) {
  bed().order("create t12 1");
  bed().order("produce t12 0 5 old");
  std::map<std::int32_t, PartitionPosition> positions;
  {
    Reading reading("t12");
    ASSERT_TRUE(reading.reads(5));
    positions = reading.positions;
  }
  bed().order("produce t12 0 10 lost");
  bed().order("delete_records t12 12");
  Reading reading("t12", bed().direct(), positions);
  ASSERT_TRUE(reading.reads(3));
  ASSERT_EQ(reading.gaps.size(), 1U);
  EXPECT_EQ(reading.gaps[0], (Gap{.partition = 0, .from = 5, .to = 11}));
  EXPECT_EQ(reading.partition(0).state, PartitionState::kRunning) << "it is behind it";
  EXPECT_TRUE(reading.source->status().ready);
}

TEST_F(KafkaSourceTest, AnAnchorThatRetentionTookIsNoReasonToHalt) {
  bed().order("create t13 1");
  bed().order("produce t13 0 5 old");
  std::map<std::int32_t, PartitionPosition> positions;
  {
    Reading reading("t13");
    ASSERT_TRUE(reading.reads(5));
    positions = reading.positions;
  }
  bed().order("delete_records t13 5");
  bed().order("produce t13 0 2 new");
  Reading reading("t13", bed().direct(), positions);
  ASSERT_TRUE(reading.reads(2));
  EXPECT_EQ(reading.partition(0).state, PartitionState::kRunning);
}

TEST_F(KafkaSourceTest, ANewPartitionIsReadFromItsBeginning) {
  bed().order("create t14 1");
  bed().order("produce t14 0 3 old");
  Reading reading("t14");
  ASSERT_TRUE(reading.reads(3));
  bed().order("add_partitions t14 3");
  bed().order("produce t14 2 4 new");
  ASSERT_TRUE(reading.reads(7));
  EXPECT_EQ(count_of(reading, "new"), 4U);
  EXPECT_TRUE(reading.is_ready());
  EXPECT_EQ(reading.delivered, 7U);
}

TEST_F(KafkaSourceTest, WhatWasNotCommittedIsDeliveredAgain) {
  bed().order("create t15 2");
  bed().order("produce t15 0 5 kept");
  Reading reading("t15");
  ASSERT_TRUE(reading.reads(5));
  bed().order("produce t15 0 5 again");
  bed().order("produce t15 1 5 again");
  for (const auto end = steady_clock::now() + 20s;
       reading.delivered < 15 && steady_clock::now() < end;) {
    reading.step(false);
    reading.wait_for_wake(50ms);
  }
  EXPECT_FALSE(reading.source->status().ready);
  EXPECT_EQ(reading.values.size(), 5U);
  ASSERT_TRUE(reading.reads(15));
  EXPECT_EQ(count_of(reading, "again"), 10U);
  EXPECT_TRUE(reading.is_ready());
}

TEST_F(KafkaSourceTest, ItsEndNeverWaitsForTheCluster) {
  bed().order("create t16 1");
  bed().order("produce t16 0 3 some");
  for (const char* fault : {"", "cut", "hole", "delete t16"}) {
    bed().order("heal");
    auto reading = std::make_unique<Reading>("t16", bed().proxied());
    ASSERT_TRUE(reading->reads(3));
    if (*fault != '\0') bed().order(fault);
    if (std::string(fault) == "delete t16") {
      ASSERT_TRUE(reading->becomes(0, PartitionState::kHalted));
    }
    const auto begin = steady_clock::now();
    reading.reset();
    EXPECT_LT(steady_clock::now() - begin, 2s) << fault;
  }
}

OutgoingMessage message_of(const std::string& value) {
  return {"machine-1", {{"ce_type", "io.meterbill.reading.v1"}}, value};
}

std::unique_ptr<KafkaSink> sink_to(const std::string& topic, const std::string& brokers) {
  KafkaConfig config;
  config.brokers = brokers;
  config.topic = topic;
  return KafkaSink::create(config).value();
}

TEST_F(KafkaSourceTest, WhatTheSinkReportsAsDeliveredIsThere) {
  bed().order("create s1 1");
  const auto sink = sink_to("s1", bed().direct());
  const std::vector<OutgoingMessage> messages{message_of("a"), message_of("b"), message_of("c")};
  for (const SendReport& report : sink->send(messages))
    EXPECT_EQ(report.fate, Fate::kDelivered) << report.detail;
  Reading reading("s1");
  ASSERT_TRUE(reading.reads(3));
  EXPECT_THAT(reading.values, ElementsAre("a", "b", "c"));
  EXPECT_EQ(reading.deliveries[0].key, "machine-1");
  EXPECT_EQ(reading.deliveries[0].headers, (Headers{{"ce_type", "io.meterbill.reading.v1"}}));
}

TEST_F(KafkaSourceTest, OnlyTheMessageThatIsTooLargeIsRefused) {
  bed().order("create s2 1 max.message.bytes=20000");
  const auto sink = sink_to("s2", bed().direct());
  // Random enough not to be compressed below the limit: each letter follows from the one before.
  const auto text = [](std::size_t size, unsigned seed) {
    std::string noise;
    for (std::size_t i = 0; i < size; ++i) {
      seed = seed * 1'664'525U + 1'013'904'223U;
      noise += static_cast<char>(seed >> 24);
    }
    return message_of(noise);
  };
  const std::vector<OutgoingMessage> messages{text(9'000, 1), text(60'000, 2), text(9'000, 3),
                                              text(9'000, 4)};
  const auto reports = sink->send(messages);
  const auto has = [](Fate fate) { return Field(&SendReport::fate, fate); };
  EXPECT_THAT(reports, ElementsAre(has(Fate::kDelivered), has(Fate::kRefused),
                                   has(Fate::kDelivered), has(Fate::kDelivered)));
  EXPECT_THAT(reports[1].detail, HasSubstr("max.message.bytes"));
}

TEST_F(KafkaSourceTest, WithoutABrokerTheSinkSaysLaterAndRecovers) {
  bed().order("create s3 1");
  bed().order("cut");
  const auto sink = sink_to("s3", bed().proxied());
  const std::vector<OutgoingMessage> messages{message_of("a"), message_of("b")};
  const auto begin = steady_clock::now();
  for (const SendReport& report : sink->send(messages)) {
    EXPECT_EQ(report.fate, Fate::kLater);
    EXPECT_THAT(report.detail, HasSubstr("refused"));
  }
  EXPECT_LT(steady_clock::now() - begin, 11s);
  bed().order("heal");
  for (const SendReport& report : sink->send(messages))
    EXPECT_EQ(report.fate, Fate::kDelivered) << report.detail;
}

TEST_F(KafkaSourceTest, AMissingTopicIsNamedByTheSink) {
  KafkaConfig config;
  config.brokers = bed().direct();
  config.topic = "s4-missing";
  config.properties["topic.metadata.propagation.max.ms"] = "500";
  const auto sink = KafkaSink::create(config).value();
  const std::vector<OutgoingMessage> messages{message_of("a")};
  const auto reports = sink->send(messages);
  EXPECT_EQ(reports[0].fate, Fate::kLater);
  EXPECT_THAT(reports[0].detail, HasSubstr("s4-missing does not exist"));
}

TEST_F(KafkaSourceTest, AStopEndsASendThatWaits) {
  bed().order("create s5 1");
  bed().order("hole");
  const auto sink = sink_to("s5", bed().proxied());
  const std::vector<OutgoingMessage> messages{message_of("a")};
  const auto begin = steady_clock::now();
  std::jthread stopper([&] { sink->stop(); });
  EXPECT_EQ(sink->send(messages)[0].fate, Fate::kLater);
  EXPECT_LT(steady_clock::now() - begin, 2s);
}

}  // namespace
}  // namespace meterbill
