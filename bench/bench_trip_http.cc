#include <fmt/format.h>

#include <thread>

#include "bench_http.h"
#include "bench_trips.h"

namespace meterbill::bench {

namespace {

/// Ends with its client's connection.
void serve(HttpConnection connection) {
  while (true) {
    const auto request = connection.receive();
    if (!request || request.value().empty()) return;
    if (!connection.send("HTTP/1.1 204 No Content\r\n\r\n")) return;
  }
}

class HttpTrip final : public Trip {
 public:
  HttpTrip(HttpConnection client, HttpConnection server)
      : server_(serve, std::move(server)), client_(std::move(client)) {}

  Result<void> carry(const std::string& value) override {
    MB_TRYV(
        client_.send(fmt::format("POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                                 "application/cloudevents+json\r\nContent-Length: {}\r\n\r\n{}",
                                 value.size(), value)));
    MB_TRY(const std::string answer, client_.receive());
    if (!answer.starts_with("HTTP/1.1 204")) return fail(Code::kIo, "no answer");
    return ok();
  }

 private:
  std::jthread server_;  // joined last: its connection ends when `client_` is gone
  HttpConnection client_;
};

}  // namespace

Result<std::unique_ptr<Trip>> http_trip() {
  MB_TRY(HttpListener listener, HttpListener::open());
  MB_TRY(HttpConnection client, HttpConnection::connect(listener.port()));
  MB_TRY(HttpConnection server, listener.accept());
  return std::make_unique<HttpTrip>(std::move(client), std::move(server));
}

}  // namespace meterbill::bench
