#include "adapters/http/http_session.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <utility>

#include "adapters/http/http_head.h"
#include "base/assert.h"

namespace meterbill {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// What the parser may look at once; a header has its own, smaller limit.
constexpr std::size_t kBufferBytesMax = std::size_t{64} * 1024;
/// After an early answer a client may go on sending this much before it is cut off.
constexpr std::size_t kDiscardedBytesMax = std::size_t{4} * 1024 * 1024;
/// A cancelled read is told again at this interval: a cancellation that comes between two steps of
/// Beast's composed read is lost, and a client that dribbles would then have no deadline at all.
constexpr std::chrono::milliseconds kCancelAgain{10};
constexpr int kRetryAfterSeconds = 5;

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

/// The duty to answer one request. The copies of a Respond share it; when the last one goes without
/// having been called, the client still gets an answer.
class Owed {
 public:
  Owed(std::shared_ptr<HttpCore> core, std::uint64_t session, std::uint64_t request)
      : core_(std::move(core)), session_(session), request_(request) {}
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;
  ~Owed() {
    if (!answered_) {
      post(json_error(500, "internal error", "the request was dropped without an answer"));
    }
  }

  void answer(WebResponse response) {
    MB_ASSERT(!answered_.exchange(true));
    post(std::move(response));
  }

 private:
  void post(WebResponse response) {
    net::post(core_->io, [core = core_.get(), session = session_, request = request_,
                          response = std::move(response)]() mutable {
      const auto found = core->sessions.find(session);
      if (found == core->sessions.end()) return;
      const std::shared_ptr<HttpSession> kept = found->second;
      kept->deliver(request, std::move(response));
    });
  }

  const std::shared_ptr<HttpCore> core_;
  const std::uint64_t session_;
  const std::uint64_t request_;
  std::atomic<bool> answered_{false};
};

}  // namespace

HttpSession::HttpSession(HttpCore& core, Socket socket, std::uint64_t id, bool control,
                         std::string peer)
    : core_(core),
      socket_(std::move(socket)),
      timer_(core.io),
      id_(id),
      control_(control),
      peer_(std::move(peer)),
      buffer_(kBufferBytesMax) {}

void HttpSession::begin() {
  // A client that connects means to ask at once: the longer idle time is for between requests.
  enter(State::kIdle, core_.options.limits.header);
  wait_for_request();
}

void HttpSession::enter(State state, std::chrono::milliseconds deadline) {
  state_ = state;
  timed_out_ = false;
  arm(deadline);
}

void HttpSession::arm(std::chrono::milliseconds deadline) {
  timer_.expires_after(deadline);
  timer_.async_wait([self = shared_from_this(), armed = ++armed_](const ErrorCode& error) {
    if (!error && armed == self->armed_) self->on_deadline();
  });
}

void HttpSession::on_deadline() {
  switch (state_) {
    case State::kHeader:
    case State::kBody: {
      if (!timed_out_) ++core_.counters.timeouts;
      timed_out_ = true;
      ErrorCode ignored;
      socket_.cancel(ignored);
      arm(kCancelAgain);
      return;
    }
    case State::kAnswering:
      ++core_.counters.timeouts;
      answer(json_busy("no answer in time: ask again", kRetryAfterSeconds), false);
      return;
    case State::kWriting:
      ++core_.counters.timeouts;
      close();
      return;
    case State::kIdle:
    case State::kLingering:
    case State::kClosed:
      close();
      return;
  }
}

void HttpSession::wait_for_request() {
  socket_.async_wait(net::socket_base::wait_read,
                     [self = shared_from_this()](const ErrorCode& error) {
                       if (self->state_ != State::kIdle) return;
                       if (error) return self->close();
                       self->read_header();
                     });
}

void HttpSession::read_header() {
  enter(State::kHeader, core_.options.limits.header);
  ++requests_;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_.options.limits.header_bytes_max));
  parser_->body_limit(core_.options.limits.body_bytes_max);
  http::async_read_header(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_header(error); });
}

void HttpSession::on_header(const ErrorCode& error) {
  if (state_ != State::kHeader) return;
  if (error) return on_read_failure(error);
  if (auto refused = refusal()) return refuse(std::move(*refused));
  enter(State::kBody, core_.options.limits.body);
  if (parser_->is_done()) return on_body({});
  if (parser_->get().find(http::field::expect) != parser_->get().end()) return write_continue();
  read_body();
}

void HttpSession::write_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  net::async_write(socket_, net::buffer(kContinue),
                   [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                     if (self->state_ != State::kBody) return;
                     if (error) return self->close();
                     self->read_body();
                   });
}

void HttpSession::read_body() {
  http::async_read(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_body(error); });
}

void HttpSession::on_body(const ErrorCode& error) {
  if (state_ != State::kBody) return;
  if (error) return on_read_failure(error);
  hand_over();
}

void HttpSession::on_read_failure(const ErrorCode& error) {
  const HttpLimits& limits = core_.options.limits;
  if (timed_out_) {
    return refuse(json_error(408, "request timeout", "the request did not arrive in time"));
  }
  if (error == http::error::body_limit) {
    return refuse(json_error(
        413, "content too large",
        fmt::format("a body has at most {} bytes: send less at once", limits.body_bytes_max)));
  }
  if (error == http::error::header_limit) {
    return refuse(
        json_error(431, "header too large",
                   fmt::format("a header has at most {} bytes", limits.header_bytes_max)));
  }
  const bool is_malformed = error.category() == make_error_code(http::error::bad_target).category();
  if (error == http::error::end_of_stream || !is_malformed) return close();
  refuse(json_error(400, "bad request", "not HTTP/1.1 as RFC 9112 has it: " + error.message()));
}

std::optional<WebResponse> HttpSession::refusal() {
  const auto& request = parser_->get();
  const auto fields = std::distance(request.begin(), request.end());
  if (static_cast<std::size_t>(fields) > core_.options.limits.header_fields_max) {
    return json_error(
        431, "header too large",
        fmt::format("a header has at most {} fields", core_.options.limits.header_fields_max));
  }
  auto target = parse_target(std::string_view(request.target().data(), request.target().size()));
  if (!target) return json_error(400, "bad request", target.error().message);
  target_ = std::move(target.value());
  if (auto refused = refusal_of_host()) return refused;
  return refusal_of_body();
}

std::optional<WebResponse> HttpSession::refusal_of_host() {
  const auto& request = parser_->get();
  if (request.count(http::field::host) != 1) {
    return json_error(400, "bad request", "one Host field is needed");
  }
  const std::string host = text(request[http::field::host]);
  if (target_.authority.empty()) target_.authority = host;
  // The mode of the socket's file was the permission, and no browser reaches it.
  if (control_) return std::nullopt;
  if (!core_.hosts.contain(host) || !core_.hosts.contain(target_.authority)) {
    return json_error(403, "host not allowed",
                      "ask under a loopback name, or add this one to http.allowed_hosts");
  }
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (reads) return std::nullopt;
  const std::string site = text(request["Sec-Fetch-Site"]);
  const bool is_foreign = !site.empty() && site != "same-origin" && site != "none";
  const auto origin = request.find(http::field::origin);
  if (is_foreign || (origin != request.end() &&
                     !core_.hosts.is_same_origin(text(origin->value()), target_.authority))) {
    return json_error(403, "origin not allowed", "a page from elsewhere may not change anything");
  }
  return std::nullopt;
}

std::optional<WebResponse> HttpSession::refusal_of_body() const {
  const auto& request = parser_->get();
  if (request.count(http::field::content_encoding) != 0) {
    return json_error(415, "unsupported media type", "send the body without Content-Encoding");
  }
  // Beast ignores codings it does not know: the body would then be read with a wrong length. What
  // stands before us may read two lengths, or chunks in HTTP/1.0, differently than we do.
  const auto codings = request.count(http::field::transfer_encoding);
  const bool is_plain_chunked = codings == 1 && request.version() == 11 &&
                                beast::iequals(request[http::field::transfer_encoding], "chunked");
  const bool has_two_lengths =
      request.count(http::field::content_length) > 1 ||
      request[http::field::content_length].find(',') != beast::string_view::npos;
  if ((codings != 0 && !is_plain_chunked) || has_two_lengths) {
    return json_error(400, "bad request", "one Content-Length, or Transfer-Encoding: chunked");
  }
  const auto expect = request.find(http::field::expect);
  if (expect != request.end() && !beast::iequals(expect->value(), "100-continue")) {
    return json_error(417, "expectation failed", "only 100-continue can be expected");
  }
  return std::nullopt;
}

void HttpSession::hand_over() {
  const auto& request = parser_->get();
  WebRequest asked;
  asked.method = text(request.method_string());
  asked.path = std::move(target_.path);
  asked.query = std::move(target_.query);
  asked.content_type = text(request[http::field::content_type]);
  asked.accept = text(request[http::field::accept]);
  asked.body = std::move(parser_->get().body());
  asked.host = std::move(target_.authority);
  asked.control = control_;
  asked.peer = peer_;
  keep_ = request.keep_alive() && requests_ < core_.options.limits.requests_per_connection_max;
  enter(State::kAnswering, core_.options.limits.answer);
  ++core_.counters.requests;
  const auto owed = std::make_shared<Owed>(core_.shared_from_this(), id_, requests_);
  core_.app.handle(std::move(asked),
                   [owed](WebResponse response) { owed->answer(std::move(response)); });
}

void HttpSession::deliver(std::uint64_t request, WebResponse response) {
  if (state_ != State::kAnswering || request != requests_) return;
  answer(std::move(response), keep_);
}

void HttpSession::refuse(WebResponse response) {
  ++core_.counters.requests_refused;
  answer(std::move(response), false);
}

void HttpSession::answer(WebResponse response, bool keep) {
  keep_ = keep && !draining_;
  const HeadOptions options{
      .is_head = parser_->get().method() == http::verb::head,
      .keep = keep_,
      .http_10 = parser_->get().version() == 10,
  };
  head_ = response_head(response, core_.clock.now().utc, options);
  body_ = options.is_head || !may_have_body(response.status) ? "" : std::move(response.body);
  enter(State::kWriting, core_.options.limits.write);
  const std::array<net::const_buffer, 2> buffers{net::buffer(head_), net::buffer(body_)};
  net::async_write(socket_, buffers,
                   [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                     self->on_written(error);
                   });
}

void HttpSession::on_written(const ErrorCode& error) {
  if (state_ != State::kWriting) return;
  if (error) return close();
  if (!keep_ || draining_) return linger();
  if (buffer_.size() != 0) return read_header();  // the next request is already here
  parser_.reset();
  body_ = {};
  kept_since_ = ++core_.keepings;
  enter(State::kIdle, core_.options.limits.idle);
  wait_for_request();
}

void HttpSession::linger() {
  // Closing with unread bytes would reset the connection, and the client might lose the answer.
  enter(State::kLingering, core_.options.limits.linger);
  ErrorCode ignored;
  socket_.shutdown(net::socket_base::shutdown_send, ignored);
  buffer_.consume(buffer_.size());
  discard();
}

void HttpSession::discard() {
  socket_.async_read_some(buffer_.prepare(kBufferBytesMax),
                          [self = shared_from_this()](const ErrorCode& error, std::size_t bytes) {
                            if (self->state_ != State::kLingering) return;
                            self->discarded_bytes_ += bytes;
                            if (error || self->discarded_bytes_ > kDiscardedBytesMax) {
                              return self->close();
                            }
                            self->discard();
                          });
}

void HttpSession::drain() {
  draining_ = true;
  if (state_ == State::kIdle) close();
}

void HttpSession::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  ++armed_;
  timer_.cancel();
  ErrorCode ignored;
  socket_.close(ignored);
  const auto self = shared_from_this();  // the map may hold the last reference
  core_.sessions.erase(id_);
  core_.counters.connections_open = static_cast<std::int64_t>(core_.sessions.size());
  if (core_.on_session_end) core_.on_session_end();
}

bool has_room(HttpCore& core, bool control, std::size_t connections_max) {
  std::size_t open = 0;
  std::shared_ptr<HttpSession> oldest;
  for (const auto& [id, session] : core.sessions) {
    if (session->is_control() != control) continue;
    ++open;
    if (session->kept_since() == 0) continue;
    if (!oldest || session->kept_since() < oldest->kept_since()) oldest = session;
  }
  if (open < connections_max) return true;
  if (oldest) oldest->close();
  return oldest != nullptr;
}

void begin_session(HttpCore& core, HttpSession::Socket socket, bool control, std::string peer) {
  const std::uint64_t id = ++core.last_session;
  auto session =
      std::make_shared<HttpSession>(core, std::move(socket), id, control, std::move(peer));
  core.sessions.emplace(id, session);
  ++core.counters.connections;
  core.counters.connections_open = static_cast<std::int64_t>(core.sessions.size());
  session->begin();
}

}  // namespace meterbill
