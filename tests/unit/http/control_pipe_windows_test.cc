#include <gmock/gmock.h>
#include <windows.h>

#include "adapters/http/http_client.h"
#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

class ControlPipeTest : public HttpServerTest {
 protected:
  void serve_control() {
    HttpServerOptions options;
    options.control_path = path_;
    options.limits.control_connections_max = 2;
    serve(std::move(options), [](const WebRequest& request, const Respond& respond) {
      WebResponse response;
      response.body = request.peer + (request.control ? " controls" : " asks");
      if (!request.body.empty()) response.body = request.body;
      respond(std::move(response));
    });
  }
  [[nodiscard]] std::unique_ptr<HttpClient> client() const {
    return std::make_unique<HttpClient>(HttpAddress::parse("unix:" + path_).value());
  }
  Result<std::unique_ptr<HttpServer>> another() {
    HttpServerOptions options;
    options.control_path = path_;
    options.listen = "127.0.0.1:0";
    return HttpServer::start(std::move(options), clock_, *app_);
  }

  std::string path_ = R"(\\.\pipe\meterbill-test-)" + std::to_string(GetCurrentProcessId());
};

TEST_F(ControlPipeTest, TheClientAsksThroughItOverOneConnection) {
  serve_control();
  const auto asking = client();
  for (int i = 0; i < 3; ++i) {
    const auto response = asking->send({});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response.value().body, "control controls");
  }
  EXPECT_EQ(server_->stats().connections, 1);
}

TEST_F(ControlPipeTest, OneConnectionAfterTheOtherIsServed) {
  serve_control();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client()->send({})) << i;
}

TEST_F(ControlPipeTest, WhatIsLargerThanThePipeGoesBothWaysWhole) {
  serve_control();
  std::string large;
  while (large.size() < 500'000) large += std::to_string(large.size()) + " ";
  HttpRequest request;
  request.method = "POST";
  request.body = large;
  const auto response = client()->send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response.value().body, large);
}

TEST_F(ControlPipeTest, ARunningServiceKeepsItsName) {
  serve_control();
  const auto second = another();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr(path_));
  EXPECT_TRUE(client()->send({}));
}

TEST_F(ControlPipeTest, AtTheEndTheNameIsFree) {
  serve_control();
  server_.reset();
  const auto next = another();
  EXPECT_TRUE(next) << next.error().message;
}

TEST_F(ControlPipeTest, TheClientSaysWhenNobodyIsThere) {
  const auto response = client()->send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("the service does not run"));
}

}  // namespace
}  // namespace meterbill
