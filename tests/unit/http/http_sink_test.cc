#include "adapters/http/http_sink.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "unit/http/server_fixture.h"
#include "wire/decode.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

OutgoingMessage message(const std::string& name, std::size_t bytes = 0) {
  return {.key = name,
          .headers = {{"ce_specversion", "1.0"},
                      {"ce_id", name},
                      {"ce_source", "urn:meterbill:agent:web-1"},
                      {"ce_type", kReadingType},
                      {"content-type", "application/json"}},
          .value = R"({"machine_id":")" + name + std::string(bytes, 'x') + R"("})",
          .readings = 3};
}

std::vector<OutgoingMessage> messages(std::size_t count) {
  std::vector<OutgoingMessage> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(message("m" + std::to_string(i)));
  return all;
}

/// A worker that answers by a rule given the elements of each batch; batches are kept.
class HttpSinkTest : public HttpServerTest {
 protected:
  using Rule = std::function<WebResponse(const std::vector<std::string_view>& elements)>;

  void serve_worker(Rule rule) {
    serve({}, [this, rule = std::move(rule)](const WebRequest& request, const Respond& respond) {
      EXPECT_EQ(request.method + " " + request.path, "POST /api/v1/events");
      EXPECT_EQ(request.content_type, "application/cloudevents-batch+json");
      const auto elements = split_body(request.body, true);
      ASSERT_TRUE(elements) << elements.error().message;
      const std::scoped_lock lock(mutex_);
      sizes_.push_back(elements.value().size());
      bytes_max_ = std::max(bytes_max_, request.body.size());
      std::vector<std::string_view> texts;
      for (const BodyElement& element : elements.value()) texts.push_back(element.text);
      respond(rule(texts));
    });
  }

  [[nodiscard]] HttpSink sink(HttpSinkOptions options = {}) const {
    return HttpSink(HttpAddress::parse("http://127.0.0.1:" + std::to_string(port())).value(),
                    options);
  }

  static WebResponse answer(const std::string& result) {
    return {.status = 204, .headers = {{"MeterBill-Result", result}}};
  }
  /// As a worker that reads all of the elements, three readings each.
  static WebResponse taken(const std::vector<std::string_view>& elements,
                           std::size_t quarantined = 0) {
    return answer(fmt::format("applied={},repeated=0,quarantined={}",
                              3 * elements.size() - quarantined, quarantined));
  }

  static std::vector<Fate> fates(const std::vector<SendReport>& reports) {
    std::vector<Fate> all;
    all.reserve(reports.size());
    for (const SendReport& report : reports) all.push_back(report.fate);
    return all;
  }

  std::mutex mutex_;
  std::vector<std::size_t> sizes_;
  std::size_t bytes_max_ = 0;
};

TEST_F(HttpSinkTest, NothingToSendAsksNobody) {
  serve_worker([](const auto& elements) { return taken(elements); });
  EXPECT_TRUE(sink().send({}).empty());
  EXPECT_EQ(server_->stats().requests, 0);
}

TEST_F(HttpSinkTest, ABatchThatIsTakenIsDeliveredAndQuarantinedReadingsAreToldOnce) {
  serve_worker([](const auto& elements) { return taken(elements, 3); });
  HttpSink to = sink({.batch_messages_max = 2});
  const auto reports = to.send(messages(5));
  EXPECT_THAT(sizes_, ElementsAre(2, 2, 1));
  ASSERT_EQ(reports.size(), 5U);
  std::int64_t quarantined = 0;
  for (const SendReport& report : reports) {
    EXPECT_EQ(report.fate, Fate::kDelivered);
    EXPECT_EQ(report.detail, "");
    EXPECT_EQ(report.server_time, UtcTime{784'111'777'000'000});
    quarantined += report.quarantined;
  }
  EXPECT_EQ(quarantined, 9);
  EXPECT_EQ(to.name(), "http://127.0.0.1:" + std::to_string(port()));
}

TEST_F(HttpSinkTest, ABodyStaysWithinWhatTheWorkerTakes) {
  serve_worker([](const auto& elements) { return taken(elements); });
  std::vector<OutgoingMessage> large(30, message("m", 60'000));
  HttpSink to = sink();
  const auto reports = to.send(large);
  EXPECT_TRUE(
      std::ranges::all_of(reports, [](const auto& one) { return one.fate == Fate::kDelivered; }));
  EXPECT_EQ(sizes_.size(), 2U);
  EXPECT_GT(bytes_max_, 900'000U);
  EXPECT_LE(bytes_max_, std::size_t{1024} * 1024);
}

TEST_F(HttpSinkTest, ARefusedBatchIsHalvedDownToTheMessageAtFault) {
  serve_worker([](const std::vector<std::string_view>& elements) {
    const bool has_fault = std::ranges::any_of(
        elements, [](std::string_view element) { return element.find("m5") != element.npos; });
    return has_fault ? json_error(400, "bad request", "m5 is bad") : taken(elements, 1);
  });
  HttpSink to = sink();
  const auto reports = to.send(messages(8));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].fate, i == 5 ? Fate::kRefused : Fate::kDelivered) << i;
  }
  EXPECT_THAT(reports[5].detail, HasSubstr("m5 is bad"));
  EXPECT_THAT(sizes_, ElementsAre(8, 4, 4, 2, 1, 1, 2));
}

TEST_F(HttpSinkTest, LaterEndsTheSendingAndHoldsForTheRest) {
  int asked = 0;
  serve_worker(
      [&](const auto& elements) { return ++asked == 2 ? json_busy("full", 7) : taken(elements); });
  HttpSink to = sink({.batch_messages_max = 1});
  const auto reports = to.send(messages(4));
  EXPECT_THAT(fates(reports),
              ElementsAre(Fate::kDelivered, Fate::kLater, Fate::kLater, Fate::kLater));
  EXPECT_EQ(reports[3].retry_after_ms, 7000);
  EXPECT_EQ(asked, 2);
}

TEST_F(HttpSinkTest, LaterWithinARefusedBatchHoldsForItsRest) {
  int asked = 0;
  serve_worker([&](const auto& elements) {
    ++asked;
    if (asked == 1) return json_error(413, "content too large", "");
    return asked == 2 ? taken(elements) : json_busy("full", 1);
  });
  HttpSink to = sink();
  EXPECT_THAT(fates(to.send(messages(4))),
              ElementsAre(Fate::kDelivered, Fate::kDelivered, Fate::kLater, Fate::kLater));
}

struct StatusCase {
  unsigned status;
  Fate want;
};
void PrintTo(const StatusCase& row, std::ostream* out) { *out << row.status; }

class HttpSinkStatusTest : public HttpSinkTest, public testing::WithParamInterface<StatusCase> {};

TEST_P(HttpSinkStatusTest, DecidesTheFateOfAMessage) {
  serve_worker([](const auto&) {
    WebResponse response = json_error(GetParam().status, "because", "of \x01 this");
    response.headers.push_back({"Retry-After", "2"});
    return response;
  });
  HttpSink to = sink();
  const auto report = to.send(messages(1)).front();
  EXPECT_EQ(report.fate, GetParam().want);
  EXPECT_THAT(report.detail, HasSubstr("answers " + std::to_string(GetParam().status)));
  EXPECT_THAT(report.detail, HasSubstr("because"));
  EXPECT_EQ(report.retry_after_ms, report.fate == Fate::kLater ? 2000 : 0);
  EXPECT_EQ(report.quarantined, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpSinkStatusTest,
    testing::Values(StatusCase{400, Fate::kRefused}, StatusCase{413, Fate::kRefused},
                    StatusCase{415, Fate::kRefused}, StatusCase{401, Fate::kLater},
                    StatusCase{403, Fate::kLater}, StatusCase{408, Fate::kLater},
                    StatusCase{429, Fate::kLater}, StatusCase{500, Fate::kLater},
                    StatusCase{503, Fate::kLater}, StatusCase{404, Fate::kLater},
                    StatusCase{302, Fate::kLater}, StatusCase{200, Fate::kLater}));

struct ResultCase {
  const char* result;  ///< of two messages with three readings each; null: no such header
  Fate want;
};
void PrintTo(const ResultCase& row, std::ostream* out) {
  *out << (row.result == nullptr ? "no header" : row.result);
}

class HttpSinkResultTest : public HttpSinkTest, public testing::WithParamInterface<ResultCase> {};

TEST_P(HttpSinkResultTest, IsAnAcknowledgementOnlyWhenItAccountsForEachReading) {
  serve_worker([](const auto&) {
    return GetParam().result == nullptr ? WebResponse{.status = 204} : answer(GetParam().result);
  });
  HttpSink to = sink();
  for (const SendReport& report : to.send(messages(2))) {
    EXPECT_EQ(report.fate, GetParam().want);
    if (report.fate != Fate::kLater) continue;
    EXPECT_THAT(report.detail, HasSubstr("6 readings"));
    EXPECT_THAT(report.detail, HasSubstr("is agent.sink the address of a worker?"));
    EXPECT_EQ(report.quarantined, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpSinkResultTest,
    testing::Values(ResultCase{"applied=6,repeated=0,quarantined=0", Fate::kDelivered},
                    ResultCase{"applied=1,repeated=2,quarantined=3", Fate::kDelivered},
                    // A message that cannot be read is one quarantined, whatever it holds.
                    ResultCase{"applied=3,repeated=0,quarantined=1", Fate::kDelivered},
                    ResultCase{"applied=0,repeated=0,quarantined=2", Fate::kDelivered},
                    ResultCase{nullptr, Fate::kLater}, ResultCase{"", Fate::kLater},
                    ResultCase{"applied=0,repeated=0,quarantined=0", Fate::kLater},
                    ResultCase{"applied=0,repeated=0,quarantined=1", Fate::kLater},
                    ResultCase{"applied=5,repeated=0,quarantined=0", Fate::kLater},
                    ResultCase{"applied=7,repeated=0,quarantined=0", Fate::kLater},
                    ResultCase{"applied=6,repeated=0,quarantined=1", Fate::kLater},
                    ResultCase{"applied=6,repeated=0", Fate::kLater},
                    ResultCase{"applied=6,applied=0,quarantined=0", Fate::kLater},
                    ResultCase{"applied=6,repeated=0,quarantined=0,", Fate::kLater},
                    ResultCase{"applied=-1,repeated=7,quarantined=0", Fate::kLater},
                    ResultCase{
                        "applied=9223372036854775807,repeated=9223372036854775807,quarantined=8",
                        Fate::kLater},
                    ResultCase{"6", Fate::kLater}));

TEST_F(HttpSinkTest, AnAbsentWorkerIsLaterWithTheRemedy) {
  serve();
  HttpSink to = sink();
  server_.reset();
  const auto reports = to.send(messages(2));
  EXPECT_THAT(fates(reports), ElementsAre(Fate::kLater, Fate::kLater));
  EXPECT_THAT(reports[1].detail, HasSubstr("is the service running"));
}

TEST_F(HttpSinkTest, AWorkerThatDoesNotAnswerCostsOneDeadlineForAll) {
  std::vector<Respond> held;
  serve({}, [&](const WebRequest&, const Respond& respond) { held.push_back(respond); });
  HttpSink to = sink({.batch_messages_max = 1, .request = std::chrono::milliseconds{40}});
  EXPECT_THAT(fates(to.send(messages(3))), ElementsAre(Fate::kLater, Fate::kLater, Fate::kLater));
  server_->stop(std::chrono::milliseconds{0});
  EXPECT_EQ(held.size(), 1U);
}

}  // namespace
}  // namespace meterbill
