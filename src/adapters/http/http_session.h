#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http/http_core.h"

namespace meterbill {

/// One connection: idle → header → (100 Continue →) body → answering → writing → idle or lingering.
///
/// One absolute deadline at a time, of the state it is in. Everything runs on the I/O thread.
/// HttpCore::sessions owns it; pending operations keep it alive until they have noticed the end.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  HttpSession(HttpCore& core, Socket socket, std::uint64_t id, bool control, std::string peer);

  void begin();
  /// The program's answer to request number `request` of this connection; others are dropped.
  void deliver(std::uint64_t request, WebResponse response);
  /// The server stops: closes if nothing is in flight, else after the answer.
  void drain();
  void close();
  [[nodiscard]] bool is_control() const { return control_; }
  /// Kept open after an answer, waiting for the next request: the greater, the later it began to
  /// wait. 0 when it does anything else.
  [[nodiscard]] std::uint64_t kept_since() const {
    return state_ == State::kIdle ? kept_since_ : 0;
  }

 private:
  enum class State { kIdle, kHeader, kBody, kAnswering, kWriting, kLingering, kClosed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::system::error_code;

  void enter(State state, std::chrono::milliseconds deadline);
  void arm(std::chrono::milliseconds deadline);
  void on_deadline();

  void wait_for_request();
  void read_header();
  void on_header(const ErrorCode& error);
  void write_continue();
  void read_body();
  void on_body(const ErrorCode& error);
  void on_read_failure(const ErrorCode& error);
  void hand_over();

  /// Why the header makes the request unacceptable, if it does.
  [[nodiscard]] std::optional<WebResponse> refusal();
  [[nodiscard]] std::optional<WebResponse> refusal_of_host();
  [[nodiscard]] std::optional<WebResponse> refusal_of_body() const;

  void refuse(WebResponse response);
  void answer(WebResponse response, bool keep);
  void on_written(const ErrorCode& error);
  void linger();
  void discard();

  HttpCore& core_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  const std::uint64_t id_;
  const bool control_;
  const std::string peer_;

  State state_ = State::kIdle;
  std::uint64_t armed_ = 0;     ///< number of the newest deadline; older ones that fire are void
  bool timed_out_ = false;      ///< a read was cancelled by its deadline
  std::uint64_t requests_ = 0;  ///< begun on this connection
  bool keep_ = false;           ///< after the answer being written another request may come
  bool draining_ = false;
  std::uint64_t kept_since_ = 0;  ///< of HttpCore::keepings

  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpTarget target_;
  std::string head_;
  std::string body_;
  std::size_t discarded_bytes_ = 0;
};

/// Whether one more connection fits. At the cap the one that has been kept open longest after an
/// answer makes room; when all are busy, there is none. On the I/O thread.
[[nodiscard]] bool has_room(HttpCore& core, bool control, std::size_t connections_max);

/// Takes a connection in. On the I/O thread.
void begin_session(HttpCore& core, HttpSession::Socket socket, bool control, std::string peer);

}  // namespace meterbill
