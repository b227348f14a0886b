#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "adapters/http/http_client.h"
#include "ports/sink.h"

namespace meterbill {

struct HttpSinkOptions {
  std::size_t batch_messages_max = 100;                   ///< events of one request
  std::size_t body_bytes_max = std::size_t{1024} * 1024;  ///< what the worker takes; more is 413
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds request{30'000};
  HttpRoute route = {};
};

/// Sends readings to a worker: `POST /api/v1/events`, batches of CloudEvents.
///
/// A batch that is refused as a whole (400, 413, 415) is sent again as halves down to the message
/// at fault, so that each message has its own fate. After the first answer that means "later"
/// nothing more is sent: the worker is away or busy, and each further try would cost a timeout. A
/// status that no worker gives (404, 302: another server listens there) is "later" too, because
/// nothing may be lost over a wrong address; so is a 204 whose `MeterBill-Result` does not account
/// for each reading sent. Sending twice is harmless: readings merge.
///
/// `SendReport::quarantined` counts a request's readings, so it stands at the first message of the
/// batch and is 0 at the others.
class HttpSink final : public Sink {
 public:
  explicit HttpSink(HttpAddress address, HttpSinkOptions options = {});

  [[nodiscard]] std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override;
  [[nodiscard]] std::string name() const override { return client_.address().text(); }

 private:
  struct Event {
    std::string text;
    std::int64_t readings = 0;
  };
  void send_batch(std::span<const Event> events, std::span<SendReport> reports);
  [[nodiscard]] SendReport post(std::span<const Event> events);

  const HttpSinkOptions options_;
  HttpClient client_;
};

}  // namespace meterbill
