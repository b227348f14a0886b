#include <gmock/gmock.h>

#include "adapters/http/http_server.h"
#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kSoon{60};
constexpr milliseconds kPause{5};

TEST_F(HttpServerTest, AHeaderThatDribblesInEndsAtItsDeadline) {
  HttpServerOptions options;
  options.limits.header = kSoon;
  serve(options);
  RawClient client(port());
  client.dribble("GET /" + std::string(4000, 'a'), kPause);
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(server_->stats().timeouts, 1);
}

TEST_F(HttpServerTest, ABodyThatDribblesInEndsAtItsDeadline) {
  HttpServerOptions options;
  options.limits.body = kSoon;
  serve(options);
  RawClient client(port());
  client.send("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n");
  client.dribble(std::string(4000, 'a'), kPause);
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, ASilentConnectionIsClosedWithoutAWord) {
  HttpServerOptions options;
  options.limits.header = kSoon;
  options.limits.idle = kSoon;
  serve(options);
  RawClient fresh(port());
  RawClient kept(port());
  EXPECT_EQ(kept.ask(get("/")).status, 200);
  EXPECT_TRUE(fresh.is_ended());
  EXPECT_TRUE(kept.is_ended());
}

TEST_F(HttpServerTest, AProgramThatDoesNotAnswerIsAnsweredForAndItsLateAnswerIsDropped) {
  HttpServerOptions options;
  options.limits.answer = kSoon;
  std::promise<Respond> held;
  serve(options, [&](const WebRequest&, const Respond& respond) { held.set_value(respond); });
  RawClient client(port());
  const RawAnswer answer = client.ask(get("/"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: "));
  held.get_future().get()({});
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, AClientThatDoesNotReadHoldsUpOnlyItself) {
  HttpServerOptions options;
  options.limits.write = milliseconds{300};
  serve(options, [](const WebRequest& request, const Respond& respond) {
    if (request.path != "/large") return echo(request, respond);
    WebResponse response;
    response.body.assign(std::size_t{32} * 1024 * 1024, 'x');
    respond(std::move(response));
  });
  RawClient slow(port());
  slow.send(get("/large"));
  RawClient other(port());
  EXPECT_EQ(other.ask(get("/a")).status, 200);
  EXPECT_EQ(other.ask(get("/b")).status, 200);
  EXPECT_EQ(server_->stats().connections_open, 2);
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 1);
  EXPECT_EQ(server_->stats().timeouts, 1);
}

TEST_F(HttpServerTest, AHeaderOrBodyBeyondItsLimitIsRefused) {
  HttpServerOptions options;
  options.limits.body_bytes_max = 100;
  serve(options);
  const std::string big(101, 'x');
  const std::string chunked =
      "POST /in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + big +
      "\r\n0\r\n\r\n";
  std::string fields;
  for (int i = 0; i < 64; ++i) fields += "A: b\r\n";
  const std::vector<std::pair<std::string, int>> cases = {
      {get("/" + std::string(9000, 'a')), 431},
      {get("/", "A: " + std::string(9000, 'a') + "\r\n"), 431},
      {get("/", fields), 431},
      {get("/", fields.substr(6)), 200},
      {post(big), 413},
      {post(big.substr(1)), 200},
      {chunked, 413},
      // The body is not even asked for.
      {"POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\nExpect: "
       "100-continue\r\n\r\n",
       413},
      {"POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
  };
  for (const auto& [bytes, want] : cases) {
    RawClient client(port());
    const RawAnswer answer = client.ask(bytes);
    EXPECT_EQ(answer.status, want) << bytes.substr(0, 200);
    if (want == 200) continue;
    EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":\""));
    EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  }
}

TEST_F(HttpServerTest, AnEarlyAnswerReachesAClientThatIsStillSending) {
  serve();
  RawClient client(port());
  client.send("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_TRUE(client.send(std::string(2'000'000, 'x')));
}

TEST_F(HttpServerTest, AfterAnEarlyAnswerAClientIsCutOffAtADeadlineAndAtAnAmount) {
  HttpServerOptions options;
  options.limits.linger = kSoon;
  serve(options);
  RawClient silent(port());
  EXPECT_EQ(silent.ask("nonsense\r\n\r\n").status, 400);
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 0);

  options.limits.linger = std::chrono::hours{1};
  serve(options);
  RawClient endless(port());
  endless.send("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n");
  EXPECT_EQ(endless.read_answer().status, 413);
  const std::string piece(1'000'000, 'x');
  int sent = 0;
  while (sent < 20 && endless.send(piece)) ++sent;
  EXPECT_LT(sent, 20);
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 0);
}

TEST_F(HttpServerTest, MalformedRequestsAreRefused) {
  serve();
  const std::string host = "Host: localhost\r\n";
  const std::vector<std::pair<std::string, int>> cases = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},                           // no Host
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},        // two
      {"GET / HTTP/1.1\nHost: localhost\n\n", 400},              // bare LF
      {"GET / HTTP/1.1\r\nHost: localhost\nA: b\r\n\r\n", 400},  // bare LF in a field
      {"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400},       // blank before the colon
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},              // two blanks
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 400},               //
      {"GET / HTTP/x.y\r\n" + host + "\r\n", 400},               //
      {"GET %2 HTTP/1.1\r\n" + host + "\r\n", 400},              //
      {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400},            //
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400},            //
      {"GET /?a=%f HTTP/1.1\r\n" + host + "\r\n", 400},          //
      {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 400},           //
      {"POST / HTTP/1.1\r\n" + host +
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\nabc", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc", 400},
      {"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
       415},
      {"POST / HTTP/1.1\r\n" + host + "Expect: tea\r\nContent-Length: 3\r\n\r\nabc", 417},
  };
  for (const auto& [bytes, want] : cases) {
    RawClient client(port());
    const RawAnswer answer = client.ask(bytes);
    EXPECT_EQ(answer.status, want) << bytes;
    EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":\"")) << bytes;
    EXPECT_TRUE(client.is_ended()) << bytes;
  }
  EXPECT_EQ(server_->stats().requests_refused, static_cast<std::int64_t>(cases.size()));
  EXPECT_EQ(server_->stats().requests, 0);
}

TEST_F(HttpServerTest, OnlyNamesOfThisServerAreAnswered) {
  HttpServerOptions options;
  options.allowed_hosts = {"Billing.example:5001", "fd00::7"};
  serve(options);
  const std::vector<std::pair<std::string, int>> cases = {{"localhost", 200},
                                                          {"localhost:5001", 200},
                                                          {"LOCALHOST", 200},
                                                          {"127.0.0.1:80", 200},
                                                          {"[::1]:9", 200},
                                                          {"billing.example", 200},
                                                          {"billing.example:9", 200},
                                                          {"[fd00::7]:80", 200},
                                                          {"evil.example", 403},
                                                          {"localhost.evil.com", 403},
                                                          {"localhost@evil", 403},
                                                          {"127.0.0.1:x", 403},
                                                          {"", 403},
                                                          {"localhost:99999999", 403}};
  for (const auto& [host, want] : cases) {
    RawClient client(port());
    const RawAnswer answer = client.ask("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    EXPECT_EQ(answer.status, want) << host;
  }
  RawClient absolute(port());
  EXPECT_EQ(absolute.ask("GET http://localhost:1/x HTTP/1.1\r\nHost: localhost\r\n\r\n").body,
            "GET /x ");
  for (const char* foreign : {"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"})
    EXPECT_EQ(RawClient(port()).ask(foreign).status, 403) << foreign;
}

TEST_F(HttpServerTest, APageFromElsewhereChangesNothing) {
  serve();
  const std::vector<std::pair<std::string, int>> cases = {
      {"Origin: http://localhost\r\n", 200},
      {"Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200},
      {"Sec-Fetch-Site: none\r\n", 200},
      {"Origin: http://localhost:8080\r\n", 403},
      {"Origin: http://evil.example\r\n", 403},
      {"Origin: null\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n", 403},
      {"Sec-Fetch-Site: same-site\r\n", 403}};
  for (const auto& [fields, want] : cases) {
    EXPECT_EQ(RawClient(port()).ask(post("a", fields)).status, want) << fields;
    EXPECT_EQ(RawClient(port()).ask(get("/", fields)).status, 200) << fields;
  }
}

TEST_F(HttpServerTest, WhenAllConnectionsAreBusyOneMoreGets503) {
  HttpServerOptions options;
  options.limits.connections_max = 2;
  std::promise<Respond> held;
  serve(options, [&](const WebRequest& request, const Respond& respond) {
    if (request.path == "/hold") return held.set_value(respond);
    echo(request, respond);
  });
  RawClient busy(port());
  busy.send(get("/hold"));
  const Respond respond = held.get_future().get();
  {
    RawClient silent(port());  // has asked nothing yet: not one to make room
    wait_until([](const HttpStats& stats) { return stats.connections_open; }, 2);
    RawClient third(port());
    const RawAnswer refused = third.read_answer();
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
    EXPECT_TRUE(third.is_ended());
  }
  EXPECT_EQ(server_->stats().connections_refused, 1);
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 1);
  EXPECT_EQ(RawClient(port()).ask(get("/")).status, 200);
  respond({});
  EXPECT_EQ(busy.read_answer().status, 200);
}

TEST_F(HttpServerTest, TheConnectionKeptLongestMakesRoom) {
  HttpServerOptions options;
  options.limits.connections_max = 2;
  serve(options);
  RawClient first(port());
  RawClient second(port());
  for (RawClient* client : {&first, &second, &first}) {
    EXPECT_EQ(client->ask(get("/")).status, 200);
  }
  RawClient third(port());
  EXPECT_EQ(third.ask(get("/")).status, 200);
  EXPECT_TRUE(second.is_ended());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(server_->stats().connections_refused, 0);
}

}  // namespace
}  // namespace meterbill
