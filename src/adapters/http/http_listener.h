#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "adapters/http/http_head.h"
#include "adapters/http/http_session.h"

namespace meterbill {

/// Accepts connections of one kind and turns them into sessions. At its cap the connection that has
/// been kept open longest after an answer makes room (more agents than connections may keep
/// theirs); when all are busy the new one gets 503 and is closed, and nothing of it is kept.
template <class Protocol>
class HttpListener : public std::enable_shared_from_this<HttpListener<Protocol>> {
 public:
  using Acceptor = typename Protocol::acceptor;

  HttpListener(HttpCore& core, Acceptor acceptor, bool control, std::size_t connections_max)
      : core_(core),
        acceptor_(std::move(acceptor)),
        retry_(core.io),
        control_(control),
        connections_max_(connections_max) {}

  void accept() {
    acceptor_.async_accept([self = this->shared_from_this()](const boost::system::error_code& error,
                                                             typename Protocol::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (error) return self->accept_later();
      self->take(std::move(socket));
      self->accept();
    });
  }

  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
  }

  [[nodiscard]] const Acceptor& acceptor() const { return acceptor_; }

 private:
  /// No descriptors left, or the client went before it was accepted: not at once again, or a full
  /// table would make this thread spin.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds{100});
    retry_.async_wait([self = this->shared_from_this()](const boost::system::error_code& error) {
      if (!error && self->acceptor_.is_open()) self->accept();
    });
  }

  void take(typename Protocol::socket socket) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    if (!has_room(core_, control_, connections_max_)) return refuse(socket);
    std::string peer = prepare(socket);
    begin_session(core_, HttpSession::Socket(std::move(socket)), control_, std::move(peer));
  }

  void refuse(typename Protocol::socket& socket) {
    ++core_.counters.connections_refused;
    const WebResponse busy = json_busy("too many connections: try again in a moment", 5);
    const std::string bytes = response_head(busy, core_.clock.now().utc, {}) + busy.body;
    boost::system::error_code ignored;
    // Fits into the empty send buffer of a new connection, so it never waits.
    socket.write_some(boost::asio::buffer(bytes), ignored);
    socket.shutdown(boost::asio::socket_base::shutdown_both, ignored);
  }

  static std::string prepare(boost::asio::ip::tcp::socket& socket) {
    boost::system::error_code error;
    socket.set_option(boost::asio::ip::tcp::no_delay(true), error);
    const auto peer = socket.remote_endpoint(error);
    if (error) return "gone";
    const std::string address = peer.address().to_string(error);
    return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" +
           std::to_string(peer.port());
  }
  static std::string prepare(boost::asio::local::stream_protocol::socket& /*socket*/) {
    return "control";
  }

  HttpCore& core_;
  Acceptor acceptor_;
  boost::asio::steady_timer retry_;
  const bool control_;
  const std::size_t connections_max_;
};

}  // namespace meterbill
