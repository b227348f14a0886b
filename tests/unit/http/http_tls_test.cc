// The client against a TLS server of plain OpenSSL, and by proxies.
#include <gmock/gmock.h>

#include <fstream>

#include "adapters/http/http_client.h"
#include "support/temp_dir.h"
#include "unit/http/scripted_server.h"
#include "unit/http/tls_server.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class HttpTlsTest : public testing::Test {
 protected:
  Result<HttpResponse> ask(const std::string& host, HttpRoute route, int times = 1) {
    HttpClient client(
        HttpAddress::parse("https://" + host + ":" + std::to_string(server_.port())).value(), {},
        std::move(route));
    auto answer = client.send({.method = "POST", .target = "/in", .body = "abc"});
    while (answer && --times > 0)
      answer = client.send({.method = "POST", .target = "/in", .body = "abc"});
    return answer;
  }
  std::string refusal(const std::string& host, HttpRoute route) {
    const auto answer = ask(host, std::move(route));
    return answer ? "answered" : answer.error().message;
  }

  TlsServer server_;
};

TEST_F(HttpTlsTest, ItAsksOverOneConnectionWhenTheAuthorityIsKnown) {
  const auto answer = ask("localhost", {.ca_file = server_.ca_file()}, 3);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.value().body, "POST /in abc");
  EXPECT_EQ(server_.handshakes(), 1);
  EXPECT_EQ(server_.name_asked_for(), "localhost");
  ASSERT_TRUE(ask("127.0.0.1", {.ca_file = server_.ca_file()}));
  EXPECT_EQ(server_.name_asked_for(), "") << "an address is no server name";
}

TEST_F(HttpTlsTest, ACertificateOfAnUnknownAuthorityIsRefusedWithTheRemedy) {
  EXPECT_THAT(refusal("localhost", {}), HasSubstr("its certificate is not trusted: "));
  EXPECT_THAT(refusal("localhost", {}), HasSubstr("set agent.ca_file to the authority"));
  const TlsServer other;
  EXPECT_THAT(refusal("localhost", {.ca_file = other.ca_file()}),
              HasSubstr("its certificate is not trusted: "));
}

TEST_F(HttpTlsTest, ACertificateOfAnotherHostIsRefused) {
  const TlsServer elsewhere("other.example");
  HttpClient client(
      HttpAddress::parse("https://localhost:" + std::to_string(elsewhere.port())).value(), {},
      {.ca_file = elsewhere.ca_file()});
  const auto answer = client.send({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

TEST_F(HttpTlsTest, AuthoritiesThatCannotBeReadAreNamed) {
  EXPECT_THAT(refusal("localhost", {.ca_file = "/nonexistent/ca.pem"}),
              HasSubstr("agent.ca_file: /nonexistent/ca.pem: there is no such file"));
  const TempDir folder;
  const std::string empty = (folder.path() / "ca.pem").string();
  std::ofstream(empty) << "no certificate\n";
  EXPECT_THAT(refusal("localhost", {.ca_file = empty}),
              HasSubstr("holds no certificate in PEM form"));
}

TEST_F(HttpTlsTest, AServerWithoutTlsIsNoAnswer) {
  ScriptedServer plain({{.answer = "HTTP/1.1 400 Bad Request\r\n\r\n", .read_request = false}});
  HttpClient client(HttpAddress::parse("https" + plain.address().substr(4)).value());
  const auto answer = client.send({});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr(": TLS: "));
  EXPECT_THAT(answer.error().message,
              HasSubstr("; the other side does not speak TLS: use http://"));
}

TEST_F(HttpTlsTest, AProxyPassesTheTunnelOn) {
  ForwardingProxy proxy(server_.port());
  HttpRoute route{.ca_file = server_.ca_file(),
                  .proxy = HttpAddress::parse(proxy.address()).value()};
  HttpClient client(HttpAddress::parse("https://localhost:9").value(), {}, route);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.send({.method = "POST", .target = "/in", .body = "abc"});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.value().body, "POST /in abc");
  }
  EXPECT_THAT(proxy.asked(), StartsWith("CONNECT localhost:9 HTTP/1.1\r\nHost: localhost:9\r\n"));
  EXPECT_EQ(server_.handshakes(), 1);
}

TEST_F(HttpTlsTest, AProxyThatRefusesIsNamed) {
  ScriptedServer proxy({{.answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}});
  HttpClient client(HttpAddress::parse("https://worker.example:443").value(), {},
                    {.proxy = HttpAddress::parse(proxy.address()).value()});
  const auto answer = client.send({});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message,
              HasSubstr("the proxy answered 403; it must allow CONNECT to worker.example:443"));
}

TEST_F(HttpTlsTest, AProxyCannotAnswerForTheServer) {
  ScriptedServer proxy({{.answer = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"}});
  HttpClient client(HttpAddress::parse("https://worker.example:443").value(), {},
                    {.proxy = HttpAddress::parse(proxy.address()).value()});
  const auto answer = client.send({});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("the proxy said more than its answer"));
}

TEST_F(HttpTlsTest, WithoutTlsAProxyIsToldTheWholeTarget) {
  ScriptedServer proxy({{.answer = "HTTP/1.1 204 No Content\r\n\r\n"}});
  HttpClient client(HttpAddress::parse("http://worker.example:5001").value(), {},
                    {.proxy = HttpAddress::parse(proxy.address()).value()});
  const auto answer = client.send({.method = "POST", .target = "/in", .body = "abc"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(proxy.last_request(),
              StartsWith("POST http://worker.example:5001/in HTTP/1.1\r\nHost: "
                         "worker.example:5001\r\n"));
}

}  // namespace
}  // namespace meterbill
