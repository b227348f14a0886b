#include "worker/events_endpoint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <optional>

#include "support/manual_clock.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

const std::string kEvent =
    R"({"specversion":"1.0","id":"1","source":"urn:x","type":"io.meterbill.reading.v1","data":{}})";
const std::string kSample = R"({"machine_id":"Machine_B","cpu_usage":12.3,"memory_usage":61.2})";
constexpr const char* kOne = "application/cloudevents+json";
constexpr const char* kBatch = "application/cloudevents-batch+json";

class EventsEndpointTest : public testing::Test {
 protected:
  EventsEndpointTest() { EXPECT_TRUE(source_.start({})); }

  /// The answer given at once; 0 when the events were taken and wait.
  unsigned post(const std::string& content_type, const std::string& body) {
    answer_.reset();
    WebRequest request;
    request.method = "POST";
    request.content_type = content_type;
    request.body = body;
    endpoint_.handle(request, [this](WebResponse response) { answer_ = std::move(response); });
    return answer_ ? answer_->status : 0;
  }

  std::vector<Arrival> arrived() {
    std::vector<Arrival> arrivals;
    source_.poll(arrivals, 100'000);
    return arrivals;
  }

  std::optional<WebResponse> answer_;
  ManualClock clock_{{.utc = {77}}};
  HttpSource source_;
  EventsEndpoint endpoint_{clock_, source_};
};

TEST_F(EventsEndpointTest, EachElementArrivesWithItsExactBytes) {
  EXPECT_EQ(post(kBatch, " [ " + kEvent + " ,\n{\"a\" : 1.50}, 7, null ] "), 0U);
  const auto arrivals = arrived();
  ASSERT_EQ(arrivals.size(), 4U);
  EXPECT_EQ(arrivals[0].delivery.value, kEvent);
  EXPECT_EQ(arrivals[1].delivery.value, "{\"a\" : 1.50}");
  EXPECT_EQ(arrivals[2].delivery.value, "7");
  EXPECT_EQ(arrivals[0].delivery.recorded, UtcTime{77});
  EXPECT_EQ(arrivals[0].delivery.headers, (Headers{{"content-type", kOne}}));
  for (const Arrival& arrival : arrivals) EXPECT_EQ(arrival.request, arrivals[0].request);
}

TEST_F(EventsEndpointTest, OneEventArrivesUnderItsOwnContentType) {
  EXPECT_EQ(post(kOne, kEvent), 0U);
  EXPECT_EQ(post("Application/CloudEvents+JSON ; charset=UTF-8", kEvent), 0U);
  EXPECT_EQ(arrived().size(), 2U);
}

TEST_F(EventsEndpointTest, OtherContentTypesAre415) {
  for (const char* type : {"", "application/json", "text/plain", "application/cloudevents",
                           "application/cloudevents-batch", "application/cloudevents+jsonx"}) {
    EXPECT_EQ(post(type, kEvent), 415U) << type;
    EXPECT_THAT(answer_->body, HasSubstr("application/cloudevents-batch+json"));
  }
  EXPECT_TRUE(arrived().empty());
}

TEST_F(EventsEndpointTest, WhatIsNoEventAndNoArrayIs400AndNotCounted) {
  for (const auto& [type, body] :
       std::vector<std::pair<const char*, std::string>>{{kOne, ""},
                                                        {kOne, "nonsense"},
                                                        {kOne, "[" + kEvent + "]"},
                                                        {kOne, kEvent + kEvent},
                                                        {kOne, "{\"a\":"},
                                                        {kBatch, kEvent},
                                                        {kBatch, "[1,,2]"},
                                                        {kBatch, "[" + kEvent},
                                                        {kBatch, "7"},
                                                        {kBatch, "[" + kEvent + ", nonsense]"}}) {
    EXPECT_EQ(post(type, body), 400U) << body;
    EXPECT_THAT(answer_->body, testing::StartsWith("{\"error\":\"bad request\""));
  }
  EXPECT_TRUE(arrived().empty());
}

TEST_F(EventsEndpointTest, ABareSampleIs400AndSaysWhatToSendInstead) {
  for (const auto& [type, body] : std::vector<std::pair<const char*, std::string>>{
           {kOne, kSample},
           {kBatch, fmt::format("[{},{}]", kEvent, kSample)},
           {"application/json", kSample}}) {
    EXPECT_EQ(post(type, body), 400U) << body;
    EXPECT_THAT(answer_->body, HasSubstr("no identity"));
    EXPECT_THAT(answer_->body, HasSubstr("io.meterbill.usage.v1"));
  }
  EXPECT_TRUE(arrived().empty());
}

TEST_F(EventsEndpointTest, AnEmptyBatchIsDoneAtOnce) {
  EXPECT_EQ(post(kBatch, "[]"), 204U);
  EXPECT_EQ(answer_->headers.at(0),
            (Header{"MeterBill-Result", "applied=0,repeated=0,quarantined=0"}));
}

TEST_F(EventsEndpointTest, TooManyEventsAre400AndTheSenderSplits) {
  std::string body = "[0";
  for (int i = 1; i < 10'000; ++i) body += ",0";
  EXPECT_EQ(post(kBatch, body + "]"), 0U);
  EXPECT_EQ(post(kBatch, body + ",0]"), 400U);
}

TEST_F(EventsEndpointTest, AFullDiskIs503BeforeAnythingIsAccepted) {
  source_.rejected("disk full");
  EXPECT_EQ(post(kOne, kEvent), 503U);
  EXPECT_THAT(answer_->headers, testing::Contains(testing::Field(&Header::name, "Retry-After")));
  source_.committed({});
  EXPECT_EQ(post(kOne, kEvent), 0U);
}

}  // namespace
}  // namespace meterbill
