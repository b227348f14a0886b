// From the agent's sink to the worker's inbox over a real connection, both ends' own parts.
#include <gmock/gmock.h>

#include <atomic>

#include "adapters/http/http_sink.h"
#include "ports/web_router.h"
#include "unit/http/server_fixture.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "worker/events_endpoint.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

class EventsRouteTest : public HttpServerTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(source_.start({}));
    router_ = std::make_unique<Router>(std::vector<WebRoute>{
        {"POST", "/api/v1/events",
         [this](const WebRequest& request, const PathValues&, Respond respond) {
           endpoint_.handle(request, std::move(respond));
         }}});
    serve({}, [this](WebRequest request, Respond respond) {
      router_->handle(std::move(request), std::move(respond));
    });
    source_.on_arrival([this] { arrived_ = true; });
  }
  void TearDown() override {
    source_.stop();
    server_.reset();
  }

  /// The apply thread's part for one request: poll, decode, answer.
  std::vector<Message> apply_one() {
    while (!arrived_.exchange(false)) std::this_thread::yield();
    std::vector<Arrival> arrivals;
    source_.poll(arrivals, 1000);
    std::vector<Message> messages;
    messages.reserve(arrivals.size());
    for (const Arrival& arrival : arrivals) {
      messages.push_back(decode(arrival.delivery, Route::kHttp));
    }
    source_.committed({});
    source_.answer(arrivals.at(0).request, {.applied = 1, .repeated = 0, .quarantined = 1});
    return messages;
  }

  [[nodiscard]] HttpAddress address() const {
    return HttpAddress::parse("http://127.0.0.1:" + std::to_string(port())).value();
  }

  HttpSource source_;
  EventsEndpoint endpoint_{clock_, source_};
  std::unique_ptr<Router> router_;
  std::atomic<bool> arrived_{false};
};

TEST_F(EventsRouteTest, WhatTheSinkSendsTheWorkerReads) {
  Reading reading;
  reading.slot = Slot::parse("2026-11-22T10:15:00Z").value();
  reading.scope = ScopeName("service:nginx.service");
  reading.used[MeterName("cpu")] = 4567;
  const MessageFrame frame{.machine = MachineId("web-1"),
                           .epoch = EpochId("0123456789abcdef0123456789abcdef"),
                           .boot = BootId("b1"),
                           .labels = {},
                           .sender = EpochId("0123456789abcdef0123456789abcdef"),
                           .sent = {784'111'777'000'000},
                           .cpu_usage_percent = "37.5",
                           .memory_usage_percent = "61.2"};
  std::vector<OutgoingMessage> messages;
  for (EncodedMessage& encoded : encode(frame, std::vector{reading}, 1)) {
    messages.push_back(std::move(encoded.message));
  }
  ASSERT_EQ(messages.size(), 1U);
  messages.push_back(messages[0]);
  HttpSink sink(address());
  auto sent = std::async(std::launch::async, [&] { return sink.send(messages); });
  const std::vector<Message> got = apply_one();
  ASSERT_EQ(got.size(), 2U);
  for (const Message& message : got) {
    const auto* readings = std::get_if<ReadingMessage>(&message);
    ASSERT_NE(readings, nullptr) << std::get<Rejection>(message).detail;
    EXPECT_EQ(readings->machine, frame.machine);
    ASSERT_EQ(readings->items.size(), 1U);
    EXPECT_EQ(std::get<Reading>(readings->items[0]).scope, reading.scope);
  }
  const auto reports = sent.get();
  EXPECT_EQ(reports[0].fate, Fate::kDelivered);
  EXPECT_EQ(reports[0].quarantined + reports[1].quarantined, 1);
}

TEST_F(EventsRouteTest, AnswersOfTheEndpointArriveAsTheyAre) {
  RawClient client(port());
  const RawAnswer sample = client.ask(
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/cloudevents+json\r\nContent-Length: 41\r\n\r\n"
      R"({"machine_id":"Machine_B","cpu_usage":12})");
  EXPECT_EQ(sample.status, 400);
  EXPECT_THAT(sample.body, HasSubstr("no identity"));
  EXPECT_EQ(client.ask(get("/api/v1/events")).status, 405);
  source_.rejected("disk full");
  HttpSink sink(address());
  const auto report =
      sink.send(std::vector<OutgoingMessage>{{.key = "a", .headers = {}, .value = "{}"}}).front();
  EXPECT_EQ(report.fate, Fate::kLater);
  EXPECT_EQ(report.retry_after_ms, 5000);
  EXPECT_THAT(report.detail, HasSubstr("disk full"));
}

}  // namespace
}  // namespace meterbill
