#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/message.h"

namespace meterbill {

/// Whom to ask: `http://host[:port]`, `https://host[:port]` or `unix:/run/meterbill/worker.sock`.
struct HttpAddress {
  std::string host;         ///< IPv6 without brackets; empty for a unix socket
  std::string port;         ///< digits
  std::string socket_path;  ///< of a unix socket; empty for TCP
  bool tls = false;

  /// kConfig, naming what is wrong: another scheme, user names or passwords, a path.
  [[nodiscard]] static Result<HttpAddress> parse(std::string_view text);
  /// As `parse` reads it; the port is always there.
  [[nodiscard]] std::string text() const;
  /// `host:port`, as it stands in a Host field.
  [[nodiscard]] std::string authority() const;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  ///< percent-encoded path and query
  std::string content_type = {};
  std::string accept = {};
  std::string body = {};
  /// May be sent again when a kept connection turns out to be gone: reading, or what the other side
  /// recognises as repeated.
  bool repeatable = false;
};

struct HttpResponse {
  unsigned status = 0;
  std::vector<Header> headers;
  std::string body;

  /// The value of the first such field, name in any case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpClientLimits {
  std::chrono::milliseconds connect{5'000};   ///< name look-up and connection
  std::chrono::milliseconds request{30'000};  ///< all of a request, first byte sent to last read
  std::size_t body_bytes_max = std::size_t{1024} * 1024;  ///< of the answer: a peer is not trusted
};

/// How a server is reached and known.
struct HttpRoute {
  std::string ca_file = {};  ///< authorities that may sign its certificate; empty: the system's
  /// Asked to pass on what is for the server: http:// to it. Not used for a unix socket.
  std::optional<HttpAddress> proxy = {};
};

/// `text` as one segment or value of a target: everything but unreserved characters becomes %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Asks one server, one request at a time, and waits. The connection is kept between requests
/// (latency of the sink); one that went stale is replaced once. Redirects are not followed, nothing
/// is decompressed. One thread at a time.
class HttpClient {
 public:
  /// Takes a successful body piece by piece instead of HttpResponse::body; false stops reading.
  using BodySink = std::function<bool(std::string_view piece)>;

  explicit HttpClient(HttpAddress address, HttpClientLimits limits = {}, HttpRoute route = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// Any status is a success here. kUnavailable: no connection, no certificate that can be trusted,
  /// or no answer in time. kConfig, kNotFound: the authorities cannot be read. kPermission: the
  /// control socket may not be opened. kRefused: the answer is too large, is not HTTP, or
  /// `sink` said stop.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request,
                                          const BodySink& sink = nullptr);

  [[nodiscard]] const HttpAddress& address() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meterbill
