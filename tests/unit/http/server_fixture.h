#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/http/http_server.h"
#include "support/manual_clock.h"
#include "unit/http/raw_client.h"

namespace meterbill {

/// "Sun, 06 Nov 1994 08:49:37 GMT"
inline constexpr Instant kTestTime{.utc = {784'111'777'000'000}};

/// A program made of one function.
class FunctionApp final : public WebApp {
 public:
  using Function = std::function<void(WebRequest, Respond)>;
  explicit FunctionApp(Function function) : function_(std::move(function)) {}
  void handle(WebRequest request, Respond respond) override {
    function_(std::move(request), std::move(respond));
  }

 private:
  Function function_;
};

/// Answers with method, path and body of the request.
inline void echo(const WebRequest& request, const Respond& respond) {
  WebResponse response;
  response.body = request.method + " " + request.path + " " + request.body;
  respond(std::move(response));
}

/// A server on a free port. Deadlines that a test does not shorten are far away.
class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpServerOptions options = {}, FunctionApp::Function function = echo) {
    app_ = std::make_unique<FunctionApp>(std::move(function));
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    auto server = HttpServer::start(std::move(options), clock_, *app_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(server.value());
  }

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  /// Until the counter the server shows has that value; bounded by gtest's own timeout.
  template <class Read>
  void wait_until(Read read, std::int64_t want) {
    while (read(server_->stats()) != want) std::this_thread::yield();
  }

  static std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) +
           "\r\n";
  }
  static std::string post(std::string_view body, std::string_view fields = "") {
    return "POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
  }

  ManualClock clock_{kTestTime};
  std::unique_ptr<FunctionApp> app_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace meterbill
