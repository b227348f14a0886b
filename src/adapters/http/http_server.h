#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/web.h"

namespace meterbill {

/// What one client may use. Deadlines are absolute for their part of a request: a byte now and then
/// does not extend them.
struct HttpLimits {
  std::size_t header_bytes_max = std::size_t{8} * 1024;   ///< request line and fields together: 431
  std::size_t header_fields_max = 64;                     ///< 431
  std::size_t body_bytes_max = std::size_t{1024} * 1024;  ///< 413
  std::size_t connections_max = 256;                      ///< over TCP; when all are busy: 503
  std::size_t control_connections_max = 16;  ///< apart, so that a flood cannot lock operators out
  std::size_t requests_per_connection_max = 1000;  ///< then `Connection: close`
  std::chrono::milliseconds idle{30'000};          ///< between requests: closed without a word
  std::chrono::milliseconds header{5'000};         ///< first to last byte of the header: 408
  std::chrono::milliseconds body{30'000};          ///< 408
  std::chrono::milliseconds answer{60'000};        ///< the program's time to answer: 503
  std::chrono::milliseconds write{30'000};         ///< the client's time to read the answer
  std::chrono::milliseconds linger{2'000};         ///< after an early answer, so that it is read
};

struct HttpServerOptions {
  std::string listen;        ///< "127.0.0.1:5001", "[::1]:5001"; port 0: any; empty: no TCP
  std::string control_path;  ///< of the unix socket; empty: none
  /// A listening unix socket to use instead of making one; the server closes it.
  std::optional<int> control_descriptor = {};
  std::vector<std::string> allowed_hosts;  ///< besides loopback names and the address listened on
  bool allow_remote = false;  ///< without it an address that is not loopback is refused
  HttpLimits limits;
};

/// Since the start; for status and metrics.
struct HttpStats {
  std::int64_t connections_open = 0;
  std::int64_t connections = 0;          ///< accepted and served
  std::int64_t connections_refused = 0;  ///< over a cap
  std::int64_t requests = 0;             ///< handed to the program
  std::int64_t requests_refused = 0;  ///< answered by the server: malformed, too large, wrong host
  std::int64_t timeouts = 0;          ///< header, body, answer or write deadline passed
};

/// An HTTP/1.1 server with one I/O thread, over TCP and over a unix socket, one implementation for
/// both. Beast parses; the deadlines, caps and host rules that it leaves to its user are here.
///
/// One thread, because it only moves bytes: work happens on the program's threads. A request is
/// read whole, then handed over; the next one of the connection is read after the answer was
/// written, so pipelined answers keep their order and a client that does not read holds up only
/// itself. Memory is bounded by connections × (header + body).
class HttpServer {
 public:
  /// Listens and serves until `stop`. `clock` and `app` outlive the server. kConfig: the address
  /// cannot be read or is not allowed. kConflict: it is taken. Others as ControlSocket::listen.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options,
                                                                 const Clock& clock, WebApp& app);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// stop(0).
  ~HttpServer();

  /// The TCP port listened on; 0 without TCP.
  [[nodiscard]] std::uint16_t port() const;

  /// Accepts nothing more, closes idle connections, lets requests in flight be answered for up to
  /// `grace`, then closes all. Returns when the thread has ended; idempotent. Answers given later
  /// are dropped.
  void stop(std::chrono::milliseconds grace);

  /// Any thread.
  [[nodiscard]] HttpStats stats() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meterbill
