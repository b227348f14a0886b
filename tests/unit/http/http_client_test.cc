#include "adapters/http/http_client.h"

#include <gmock/gmock.h>

#include "unit/http/scripted_server.h"
#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Step = ScriptedServer::Step;

class HttpClientTest : public HttpServerTest {
 protected:
  [[nodiscard]] HttpAddress own_address() const {
    return HttpAddress::parse("http://127.0.0.1:" + std::to_string(port())).value();
  }
};

HttpAddress address_of(const ScriptedServer& server) {
  return HttpAddress::parse(server.address()).value();
}

TEST_F(HttpClientTest, AsksTheServerOverOneConnection) {
  serve();
  HttpClient client(own_address());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(
        {.method = "POST", .target = "/in", .content_type = "text/plain", .body = "abc"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response.value().status, 200U);
    EXPECT_EQ(response.value().body, "POST /in abc");
    EXPECT_EQ(response.value().header("DATE"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(response.value().header("Absent"), "");
  }
  EXPECT_EQ(server_->stats().connections, 1);
}

TEST_F(HttpClientTest, EveryStatusIsAnAnswerAndHeadHasNoBody) {
  serve({}, [](const WebRequest&, const Respond& respond) {
    respond(json_error(404, "not found", "x"));
  });
  HttpClient client(own_address());
  EXPECT_EQ(client.send({}).value().status, 404U);
  const auto head = client.send({.method = "HEAD"});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head.value().body, "");
  EXPECT_EQ(client.send({}).value().body, R"({"error":"not found","detail":"x"})");
  EXPECT_EQ(server_->stats().connections, 1);
}

TEST_F(HttpClientTest, AnAnswerBeyondTheCapIsRefused) {
  serve({}, [](const WebRequest&, const Respond& respond) {
    WebResponse response;
    response.body.assign(1001, 'x');
    respond(std::move(response));
  });
  HttpClient capped(own_address(), {.body_bytes_max = 1000});
  const auto response = capped.send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kRefused);
  EXPECT_THAT(response.error().message, HasSubstr("larger than 1000 bytes"));
  HttpClient enough(own_address(), {.body_bytes_max = 1001});
  EXPECT_EQ(enough.send({}).value().body.size(), 1001U);
}

TEST_F(HttpClientTest, ALongBodyComesInPiecesAndMayBeStopped) {
  constexpr std::size_t kBytes = 3'000'000;
  serve({}, [](const WebRequest&, const Respond& respond) {
    WebResponse response;
    response.body.assign(kBytes, 'x');
    respond(std::move(response));
  });
  HttpClient client(own_address(), {.body_bytes_max = 10'000'000});
  std::size_t bytes = 0;
  std::size_t largest = 0;
  const auto response = client.send({}, [&](std::string_view piece) {
    bytes += piece.size();
    largest = std::max(largest, piece.size());
    return true;
  });
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(bytes, kBytes);
  EXPECT_LE(largest, 65536U);
  EXPECT_EQ(response.value().body, "");
  const auto stopped = client.send({}, [](std::string_view) { return false; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kRefused);
  EXPECT_TRUE(client.send({}));
}

TEST_F(HttpClientTest, NobodyThereIsUnavailableWithTheRemedy) {
  serve();
  const HttpAddress address = own_address();
  server_.reset();
  HttpClient client(address);
  const auto response = client.send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("is the service running there"));
}

TEST_F(HttpClientTest, AServerThatDoesNotAnswerCostsNoMoreThanTheDeadline) {
  std::vector<Respond> held;
  serve({}, [&](const WebRequest& request, const Respond& respond) {
    if (request.path == "/hold") return held.push_back(respond);
    echo(request, respond);
  });
  HttpClient client(own_address(), {.request = milliseconds{50}});
  const auto response = client.send({.target = "/hold", .repeatable = true});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("no answer in time"));
  // Its answer, when it comes, is not taken for that of the next request.
  EXPECT_EQ(client.send({.target = "/next"}).value().body, "GET /next ");
  server_->stop(milliseconds{0});
  EXPECT_EQ(held.size(), 1U);
}

TEST_F(HttpClientTest, AConnectionThatWasClosedMeanwhileIsReplaced) {
  HttpServerOptions options;
  options.limits.idle = milliseconds{30};
  serve(options);
  HttpClient client(own_address());
  EXPECT_TRUE(client.send({}));
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 0);
  const auto again = client.send({.method = "POST", .body = "not repeatable"});
  EXPECT_TRUE(again) << again.error().message;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(HttpClientScriptTest, ARepeatableRequestIsSentAgainOnceWhenTheKeptConnectionBreaks) {
  ScriptedServer server({Step{kOk, false}, Step{"", true}, Step{kOk, true}});
  HttpClient client(address_of(server));
  EXPECT_TRUE(client.send({}));
  const auto response = client.send({.repeatable = true});
  EXPECT_TRUE(response) << response.error().message;
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClientScriptTest, AnotherRequestIsNotSentTwice) {
  ScriptedServer server({Step{kOk, false}, Step{"", true}, Step{kOk, true}});
  HttpClient client(address_of(server));
  EXPECT_TRUE(client.send({}));
  const auto response = client.send({.method = "POST", .target = "/resolve"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientScriptTest, AFreshConnectionThatBreaksIsNotTriedAgain) {
  ScriptedServer server({Step{"", true}, Step{kOk, true}});
  HttpClient client(address_of(server));
  EXPECT_FALSE(client.send({.repeatable = true}));
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientScriptTest, InterimAnswersArePassedOver) {
  ScriptedServer server({Step{"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + kOk}});
  HttpClient client(address_of(server));
  const auto response = client.send({});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response.value().body, "ok");
}

TEST(HttpClientScriptTest, BodiesThatEndWithTheConnectionOrInChunksAreRead) {
  ScriptedServer server(
      {Step{"HTTP/1.1 200 OK\r\n\r\nto the end"},
       Step{
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"}});
  HttpClient client(address_of(server));
  EXPECT_EQ(client.send({}).value().body, "to the end");
  EXPECT_EQ(client.send({}).value().body, "abc");
}

TEST(HttpClientScriptTest, AnAnswerBeforeTheRequestWasReadCounts) {
  ScriptedServer server(
      {Step{"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n",
            false, false}});
  HttpClient client(address_of(server));
  const auto response =
      client.send({.method = "POST", .body = std::string(std::size_t{8} * 1024 * 1024, 'x')});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response.value().status, 413U);
}

TEST(HttpClientScriptTest, WhatIsNoHttpIsRefusedAndATornAnswerIsUnavailable) {
  for (const auto& [answer, want] : std::vector<std::pair<std::string, Code>>{
           {"SSH-2.0-OpenSSH\r\n\r\n", Code::kRefused},
           {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Code::kRefused},
           {"HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", Code::kRefused},
           {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Code::kUnavailable},
           {"HTTP/1.1 20", Code::kUnavailable},
           {"", Code::kUnavailable}}) {
    ScriptedServer server({Step{answer}});
    HttpClient client(address_of(server));
    const auto response = client.send({});
    ASSERT_FALSE(response) << answer.substr(0, 40);
    EXPECT_EQ(response.error().code, want) << response.error().message;
  }
}

TEST(HttpClientScriptTest, NothingCanBeSmuggledIntoARequest) {
  ScriptedServer server({Step{kOk}});
  HttpClient client(address_of(server));
  EXPECT_FALSE(client.send({.target = "/a b"}));
  EXPECT_FALSE(client.send({.target = "/a\r\nX: y"}));
  EXPECT_FALSE(client.send({.target = "nothing"}));
  EXPECT_FALSE(client.send({.content_type = "a\r\nX: y"}));
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace meterbill
