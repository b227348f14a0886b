#include "worker/http_source.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace meterbill {
namespace {

using testing::ElementsAre;

Arrival delivery(const std::string& value) {
  Arrival one;
  one.delivery.value = value;
  return one;
}

class HttpSourceTest : public testing::Test {
 protected:
  bool offer(const std::vector<std::string>& values) {
    std::vector<Arrival> deliveries;
    deliveries.reserve(values.size());
    for (const std::string& value : values) deliveries.push_back(delivery(value));
    return source_.offer(std::move(deliveries), [this](const WebResponse& response) {
      std::string line = std::to_string(response.status);
      for (const Header& header : response.headers) line += " " + header.name + "=" + header.value;
      answers_.push_back(line);
    });
  }

  std::vector<Arrival> poll(std::size_t max) {
    std::vector<Arrival> arrivals;
    source_.poll(arrivals, max);
    return arrivals;
  }

  static std::vector<std::string> values(const std::vector<Arrival>& arrivals) {
    std::vector<std::string> all;
    all.reserve(arrivals.size());
    for (const Arrival& arrival : arrivals) {
      all.push_back(std::to_string(arrival.request) + ":" + arrival.delivery.value);
    }
    return all;
  }

  std::vector<std::string> answers_;
  HttpSource source_{{.deliveries_max = 4, .bytes_max = 2000, .retry_after_seconds = 5}};
};

TEST_F(HttpSourceTest, ARequestIsAnsweredOnlyWithItsCounts) {
  ASSERT_TRUE(source_.start({}));
  EXPECT_TRUE(offer({"a", "b"}));
  EXPECT_THAT(values(poll(10)), ElementsAre("0:a", "0:b"));
  EXPECT_TRUE(answers_.empty());
  source_.answer(0, {.applied = 1, .repeated = 2, .quarantined = 3});
  EXPECT_THAT(answers_, ElementsAre("204 MeterBill-Result=applied=1,repeated=2,quarantined=3"));
  source_.answer(0, {});
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(HttpSourceTest, RequestsAreNumberedOnFromTheStoredPosition) {
  ASSERT_TRUE(source_.start({{.partition = 0, .incarnation = 1, .next_offset = 41, .anchor = {}}}));
  offer({"a"});
  const auto arrivals = poll(10);
  EXPECT_EQ(arrivals.at(0).request, 41);
  EXPECT_EQ(arrivals.at(0).position, (Position{0, 41}));
  EXPECT_EQ(source_.status().partitions.at(0).end_offset, 42);
}

TEST_F(HttpSourceTest, APollNeverTearsARequest) {
  ASSERT_TRUE(source_.start({}));
  offer({"a"});
  offer({"b", "c", "d"});
  EXPECT_THAT(values(poll(3)), ElementsAre("0:a"));
  EXPECT_EQ(source_.status().partitions.at(0).next_offset, 1);
  EXPECT_THAT(values(poll(2)), ElementsAre("1:b", "1:c", "1:d"));
  EXPECT_TRUE(poll(2).empty());
}

TEST_F(HttpSourceTest, AFullInboxRefusesUntilItIsPolled) {
  ASSERT_TRUE(source_.start({}));
  EXPECT_TRUE(offer({"a", "b", "c"}));
  EXPECT_FALSE(offer({"d", "e"}));
  EXPECT_THAT(answers_, ElementsAre("503 Retry-After=5"));
  EXPECT_TRUE(offer({"d"}));
  poll(10);
  EXPECT_TRUE(offer({"e", "f"}));
}

TEST_F(HttpSourceTest, BytesFillTheInboxTooButALargeRequestAlonePasses) {
  ASSERT_TRUE(source_.start({}));
  EXPECT_TRUE(offer({std::string(5000, 'x')}));
  EXPECT_FALSE(offer({"y"}));
  poll(10);
  EXPECT_TRUE(offer({"y"}));
}

TEST_F(HttpSourceTest, NothingIsTakenBeforeTheStart) {
  EXPECT_FALSE(offer({"a"}));
  EXPECT_FALSE(source_.status().ready);
  EXPECT_EQ(source_.status().partitions.at(0).reason, "the worker is starting");
  ASSERT_TRUE(source_.start({}));
  EXPECT_TRUE(source_.status().ready);
  EXPECT_TRUE(offer({"a"}));
}

TEST_F(HttpSourceTest, AFailedCommitRefusesAllUntilOneSucceeds) {
  ASSERT_TRUE(source_.start({}));
  offer({"polled"});
  poll(10);
  offer({"waiting"});
  source_.rejected("disk full");
  EXPECT_THAT(answers_, ElementsAre("503 Retry-After=5", "503 Retry-After=5"));
  EXPECT_TRUE(poll(10).empty());
  EXPECT_FALSE(offer({"new"}));
  EXPECT_EQ(source_.status().reason, "disk full");
  EXPECT_EQ(source_.status().partitions.at(0).reason, "the ledger takes nothing");
  source_.committed({});
  EXPECT_TRUE(offer({"again"}));
  EXPECT_TRUE(source_.status().ready);
  source_.answer(0, {});
  EXPECT_EQ(answers_.size(), 3U);
}

TEST_F(HttpSourceTest, TheEndAnswersWhatIsLeftAndIsFinal) {
  ASSERT_TRUE(source_.start({}));
  offer({"polled"});
  poll(10);
  offer({"waiting"});
  source_.stop();
  EXPECT_EQ(answers_.size(), 2U);
  EXPECT_EQ(source_.status().partitions.at(0).reason, "the worker is stopping");
  source_.committed({});
  EXPECT_FALSE(offer({"new"}));
}

TEST_F(HttpSourceTest, AnOfferWakesTheApplyThreadAndARefusalDoesNot) {
  int woken = 0;
  source_.on_arrival([&] { ++woken; });
  offer({"a"});
  EXPECT_EQ(woken, 0);
  ASSERT_TRUE(source_.start({}));
  offer({"a"});
  EXPECT_EQ(woken, 1);
}

TEST(HttpSourceThreadsTest, EveryRequestIsAnsweredOnceWhateverHappensMeanwhile) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  HttpSource source({.deliveries_max = 50});
  ASSERT_TRUE(source.start({}));
  std::atomic<int> taken{0};
  std::atomic<int> busy{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        std::vector<Arrival> one;
        one.push_back(delivery("x"));
        source.offer(std::move(one), [&](const WebResponse& response) {
          ++(response.status == 204 ? taken : busy);
        });
      }
    });
  }
  std::int64_t applied = 0;
  // Rejections come once some are taken: else all requests might fall into the first of them.
  for (int round = 0; taken + busy < kThreads * kEach; ++round) {
    std::vector<Arrival> arrivals;
    source.poll(arrivals, 7);
    if (taken > 0 && round % 50 == 49) source.rejected("now and then");
    for (const Arrival& arrival : arrivals) source.answer(arrival.request, {.applied = 1});
    applied += static_cast<std::int64_t>(arrivals.size());
    source.committed({});
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken + busy, kThreads * kEach);
  EXPECT_LE(taken, applied);
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace meterbill
