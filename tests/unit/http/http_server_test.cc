#include "adapters/http/http_server.h"

#include <gmock/gmock.h>

#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST_F(HttpServerTest, AnAnswerCarriesTheFieldsThatProtectBrowsersAndNoServerName) {
  serve();
  RawClient client(port());
  const RawAnswer answer = client.ask(get("/a%20b?x=1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a b ");
  EXPECT_EQ(answer.head,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 9\r\n"
            "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n");
}

TEST_F(HttpServerTest, TheProgramSeesTheRequestTakenApart) {
  std::promise<WebRequest> seen;
  serve({}, [&](WebRequest request, const Respond& respond) {
    seen.set_value(std::move(request));
    respond({});
  });
  RawClient client(port());
  client.ask(
      "POST /in?a=1&b=x%26y+z&a=2&c HTTP/1.1\r\nHost: LocalHost:99\r\nContent-Length: 3\r\n"
      "Content-Type: text/plain\r\nAccept: */*\r\n\r\nabc");
  const WebRequest request = seen.get_future().get();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/in");
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(request.content_type, "text/plain");
  EXPECT_EQ(request.accept, "*/*");
  EXPECT_EQ(request.host, "LocalHost:99");
  EXPECT_FALSE(request.control);
  EXPECT_THAT(request.peer, testing::StartsWith("127.0.0.1:"));
  EXPECT_THAT(request.query,
              testing::UnorderedElementsAre(testing::Pair("a", "1"), testing::Pair("a", "2"),
                                            testing::Pair("b", "x&y z"), testing::Pair("c", "")));
}

TEST_F(HttpServerTest, HeadIsAnsweredWithTheLengthAndWithoutTheBody) {
  serve();
  RawClient client(port());
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer answer = client.read_answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_EQ(client.ask(get("/next")).body, "GET /next ");
}

TEST_F(HttpServerTest, AnAnswerWithoutContentHasNeitherLengthNorBody) {
  serve({}, [](const WebRequest&, const Respond& respond) {
    WebResponse response;
    response.status = 204;
    response.body = "lost";
    response.headers.push_back({"MeterBill-Result", "applied=1"});
    respond(std::move(response));
  });
  RawClient client(port());
  for (int i = 0; i < 2; ++i) {
    const RawAnswer answer = client.ask(post("{}"));
    EXPECT_EQ(answer.status, 204);
    EXPECT_THAT(answer.head, HasSubstr("MeterBill-Result: applied=1\r\n"));
    EXPECT_THAT(answer.head, Not(HasSubstr("\r\nContent-")));
  }
}

TEST_F(HttpServerTest, AFieldThatWouldEndItsLineIsLeftOut) {
  serve({}, [](const WebRequest&, const Respond& respond) {
    WebResponse response;
    response.headers.push_back({"X-Name", "a\r\nSet-Cookie: b"});
    response.headers.push_back({"X\r\nY", "1"});
    response.headers.push_back({"Cache-Control", "max-age=60"});
    response.content_type = "text/plain\r\nSet-Cookie: c";
    respond(std::move(response));
  });
  RawClient client(port());
  const RawAnswer answer = client.ask(get("/"));
  EXPECT_THAT(answer.head, Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(answer.head, Not(HasSubstr("X\r\n")));
  EXPECT_THAT(answer.head, HasSubstr("Cache-Control: max-age=60\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("no-store")));
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  // The first answer comes from another thread, later than the second could be given.
  serve({}, [](const WebRequest& request, Respond respond) {
    std::thread([request, respond = std::move(respond)] { echo(request, respond); }).detach();
  });
  RawClient client(port());
  client.send(get("/1") + post("two") + get("/3"));
  EXPECT_EQ(client.read_answer().body, "GET /1 ");
  EXPECT_EQ(client.read_answer().body, "POST /in two");
  EXPECT_EQ(client.read_answer().body, "GET /3 ");
}

TEST_F(HttpServerTest, AConnectionStaysAsLongAsBothWant) {
  HttpServerOptions options;
  options.limits.requests_per_connection_max = 2;
  serve(options);
  RawClient capped(port());
  EXPECT_THAT(capped.ask(get("/")).head, Not(HasSubstr("Connection:")));
  EXPECT_THAT(capped.ask(get("/")).head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(capped.is_ended());
  RawClient closing(port());
  EXPECT_THAT(closing.ask(get("/", "Connection: close\r\n")).head,
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(closing.is_ended());
  RawClient old(port());
  EXPECT_EQ(old.ask("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_TRUE(old.is_ended());
  RawClient kept(port());
  const std::string keep = "GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_THAT(kept.ask(keep).head, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_EQ(kept.ask(keep).status, 200);
}

TEST_F(HttpServerTest, ABodyIsAskedForWith100Continue) {
  serve();
  RawClient client(port());
  client.send(
      "POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(client.ask("ok").body, "POST /in ok");
}

TEST_F(HttpServerTest, AChunkedBodyIsRead) {
  serve();
  RawClient client(port());
  const RawAnswer answer = client.ask(
      "POST /in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(answer.body, "POST /in abcde");
}

TEST_F(HttpServerTest, AClientThatOnlyClosedItsSendingSideIsAnswered) {
  serve();
  RawClient client(port());
  client.send(post("abc"));
  client.half_close();
  EXPECT_EQ(client.read_answer().body, "POST /in abc");
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, ARequestCutOffIsAnswered400) {
  serve();
  RawClient client(port());
  client.send("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
  client.half_close();
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpServerTest, AbruptDisconnectsLeaveNothingBehind) {
  std::promise<Respond> held;
  serve({}, [&](const WebRequest& request, const Respond& respond) {
    if (request.path == "/hold") return held.set_value(respond);
    echo(request, respond);
  });
  RawClient in_header(port());
  in_header.send("GET / HT");
  RawClient in_body(port());
  in_body.send("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
  RawClient in_flight(port());
  in_flight.send(get("/hold"));
  Respond respond = held.get_future().get();
  in_header.abort();
  in_body.abort();
  in_flight.abort();
  respond({});
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 0);
  EXPECT_EQ(RawClient(port()).ask(get("/still")).body, "GET /still ");
}

TEST_F(HttpServerTest, ADroppedRequestIsAnswered500) {
  serve({}, [](const WebRequest&, const Respond&) {});
  EXPECT_EQ(RawClient(port()).ask(get("/")).status, 500);
}

TEST_F(HttpServerTest, AnswersFromManyThreadsReachTheirOwnClient) {
  serve({}, [](const WebRequest& request, Respond respond) {
    std::thread([request, respond = std::move(respond)] { echo(request, respond); }).detach();
  });
  constexpr int kConnections = 8;
  constexpr int kRequestsEach = 125;
  std::vector<std::thread> threads;
  threads.reserve(kConnections);
  std::atomic<int> right{0};
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([this, i, &right] {
      RawClient client(port());
      for (int n = 0; n < kRequestsEach; ++n) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(n);
        right += client.ask(get(path)).body == "GET " + path + " ";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kConnections * kRequestsEach);
  EXPECT_EQ(server_->stats().requests, kConnections * kRequestsEach);
  EXPECT_EQ(server_->stats().connections, kConnections);
}

TEST_F(HttpServerTest, StopAnswersWhatIsInFlightAndClosesWhatIsIdle) {
  std::promise<Respond> held;
  HttpServerOptions options;
  options.limits.header = std::chrono::hours{1};
  serve(options, [&](const WebRequest&, const Respond& respond) { held.set_value(respond); });
  RawClient idle(port());
  RawClient busy(port());
  busy.send(get("/"));
  const std::uint16_t old_port = port();
  Respond respond = held.get_future().get();
  std::thread stopper([this] { server_->stop(milliseconds{60'000}); });
  EXPECT_TRUE(idle.is_ended());
  EXPECT_FALSE(RawClient(old_port).is_connected());
  respond({});
  const RawAnswer answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  busy.abort();
  stopper.join();
}

TEST_F(HttpServerTest, StopEndsAtItsDeadlineAndALateAnswerHarmsNobody) {
  std::promise<Respond> held;
  serve({}, [&](const WebRequest&, const Respond& respond) { held.set_value(respond); });
  RawClient client(port());
  client.send(get("/"));
  Respond respond = held.get_future().get();
  server_->stop(milliseconds{20});
  EXPECT_TRUE(client.is_ended());
  server_.reset();
  respond({});
}

struct ListenCase {
  const char* listen;
  const char* want;
};

TEST(HttpServerListenTest, AnAddressThatCannotBeMeantIsRefusedWithItsRemedy) {
  const ManualClock clock{kTestTime};
  FunctionApp app(echo);
  for (const auto& [listen, want] :
       {ListenCase{"127.0.0.1", "an address and a port"}, ListenCase{":5001", "an address and"},
        ListenCase{"127.0.0.1:99999", "an address and"}, ListenCase{"web-1:1", "an address and"},
        ListenCase{"0.0.0.0:0", "http.insecure=true"},
        ListenCase{"[::]:0", "http.insecure=true"}}) {
    HttpServerOptions options;
    options.listen = listen;
    const auto server = HttpServer::start(options, clock, app);
    ASSERT_FALSE(server) << listen;
    EXPECT_EQ(server.error().code, Code::kConfig);
    EXPECT_THAT(server.error().message, HasSubstr(want)) << listen;
  }
}

TEST_F(HttpServerTest, APortThatIsTakenIsAConflict) {
  serve();
  HttpServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(port());
  const auto second = HttpServer::start(options, clock_, *app_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(HttpServerTest, ListensOnIpv6Too) {
  HttpServerOptions options;
  options.listen = "[::1]:0";
  app_ = std::make_unique<FunctionApp>(echo);
  auto server = HttpServer::start(options, clock_, *app_);
  if (!server) GTEST_SKIP() << "this machine has no IPv6: " << server.error().message;
  RawClient client(server.value()->port(), true);
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").status, 200);
}

}  // namespace
}  // namespace meterbill
