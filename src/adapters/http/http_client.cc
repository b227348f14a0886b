#include "adapters/http/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>
#include <utility>

#include "adapters/http/control_channel.h"
#include "adapters/http/http_tls.h"
#include "base/platform_words.h"

namespace meterbill {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Socket = net::generic::stream_protocol::socket;
using Endpoint = net::generic::stream_protocol::endpoint;
using Parser = http::response_parser<http::buffer_body>;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr std::uint32_t kAnswerHeadBytesMax = 16 * 1024;
constexpr int kInterimAnswersMax = 8;

/// CR, LF and the like would let a value write further fields.
bool is_field_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && is_field_text(text) && text.find(' ') == text.npos;
}

/// `whole_target`: for a proxy, which has to be told for whom it is (RFC 9112 §3.2.2).
std::string request_head(const HttpRequest& request, const HttpAddress& address,
                         bool whole_target) {
  std::string head =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: meterbill\r\n", request.method,
                  whole_target ? address.text() : "", request.target, address.authority());
  if (!request.accept.empty()) head += "Accept: " + request.accept + "\r\n";
  if (!request.content_type.empty()) head += "Content-Type: " + request.content_type + "\r\n";
  if (!request.body.empty() || request.method != "GET") {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return head + "\r\n";
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (beast::iequals(header.name, name)) return header.value;
  }
  return {};
}

class HttpClient::Impl {
 public:
  Impl(HttpAddress address, HttpClientLimits limits, HttpRoute route)
      : address_(std::move(address)), limits_(limits), route_(std::move(route)), socket_(io_) {
    if (!address_.socket_path.empty()) route_.proxy.reset();
  }

  [[nodiscard]] const HttpAddress& address() const { return address_; }

  Result<HttpResponse> send(const HttpRequest& request, const BodySink& sink) {
    if (!is_target(request.target) || !is_field_text(request.method) ||
        !is_field_text(request.content_type) || !is_field_text(request.accept)) {
      return fail(Code::kInvalid, "a request cannot hold control characters");
    }
    const bool reused = socket_.is_open() && is_quiet();
    if (!reused) {
      MB_TRYV(connect());
    }
    auto response = exchange(request, sink);
    if (response || !reused || !request.repeatable || got_bytes_ || timed_out_) return response;
    MB_TRYV(connect());
    return exchange(request, sink);
  }

 private:
  /// Runs one asynchronous operation up to the deadline. Past it the socket is closed, and the
  /// operation has ended all the same when this returns.
  template <class Start>
  ErrorCode run(Start start) {
    std::optional<ErrorCode> outcome;
    start([&outcome](const ErrorCode& error, auto&&...) { outcome = error; });
    io_.restart();
    while (!outcome && io_.run_one_until(deadline_) != 0) {
    }
    if (outcome) return *outcome;
    close();
    timed_out_ = true;
    while (!outcome && io_.run_one() != 0) {
    }
    return net::error::timed_out;
  }

  /// What is said to the server goes through TLS where there is TLS.
  template <class Use>
  void on_stream(Use use) {
    if (tls_)
      use(*tls_);
    else
      use(socket_);
  }

  /// The TLS stream stays until the next connection: an operation on it may still have to end.
  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
    buffer_.consume(buffer_.size());
  }

  /// A kept connection with something to read has been closed by the other side.
  bool is_quiet() {
    ErrorCode error;
    char byte = 0;
    socket_.non_blocking(true, error);
    socket_.receive(net::buffer(&byte, 1), net::socket_base::message_peek, error);
    return error == net::error::would_block;
  }

  Error unavailable(const ErrorCode& error, std::string_view what) {
    const bool timed_out = error == net::error::timed_out;
    const std::string reason = timed_out ? "no answer in time" : error.message();
    const std::string where = place() + ": " + std::string(what) + ": " + reason;
    if (error == net::error::access_denied && !address_.socket_path.empty()) {
      return fail(Code::kPermission, fmt::format("{}; {}", where, kControlRemedy));
    }
    const bool is_nobody_there = error == net::error::connection_refused ||
                                 error == boost::system::errc::no_such_file_or_directory;
    if (is_nobody_there && !address_.socket_path.empty())
      return fail(Code::kUnavailable,
                  fmt::format("{}; the service does not run ({}), or its control socket is another "
                              "one: --control PATH",
                              where, kStartCommand));
    return fail(Code::kUnavailable,
                where + "; is the service running there, and is the address right?");
  }

  /// The server, and by whom it is reached.
  [[nodiscard]] std::string place() const {
    if (!route_.proxy) return address_.text();
    return address_.text() + " by the proxy " + route_.proxy->text();
  }

  Result<void> connect() {
    close();
    tls_.reset();
    timed_out_ = false;
    deadline_ = Steady::now() + limits_.connect;
    MB_TRYV(connect_socket());
    if (!address_.tls) return ok();
    auto opened = open_tunnel();
    if (opened) opened = shake_hands();
    if (!opened) close();
    return opened;
  }

  /// A proxy does not see what is said by TLS: it only passes bytes on (RFC 9110 §9.3.6).
  Result<void> open_tunnel() {
    if (!route_.proxy) return ok();
    const std::string ask =
        fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", address_.authority());
    const ErrorCode written =
        run([&](auto done) { net::async_write(socket_, net::buffer(ask), done); });
    if (written) return unavailable(written, "ask the proxy");
    Parser parser;
    parser.header_limit(kAnswerHeadBytesMax);
    parser.skip(true);
    const ErrorCode read =
        run([&](auto done) { http::async_read_header(socket_, buffer_, parser, done); });
    if (read) return failed_read(read);
    if (parser.get().result_int() / 100 != 2) {
      return fail(Code::kUnavailable,
                  fmt::format("{}: the proxy answered {}; it must allow CONNECT to {}", place(),
                              parser.get().result_int(), address_.authority()));
    }
    // A server of TLS never speaks first: this is not of the server, and would pass for its answer.
    if (buffer_.size() != 0)
      return fail(Code::kUnavailable, place() + ": the proxy said more than its answer");
    return ok();
  }

  Result<void> shake_hands() {
    if (!context_) {
      MB_TRY(context_, in("agent.ca_file", tls_context(route_.ca_file)));
    }
    tls_.emplace(socket_, *context_);
    expect_host(*tls_, address_.host);
    const ErrorCode error =
        run([&](auto done) { tls_->async_handshake(net::ssl::stream_base::client, done); });
    if (!error) return ok();
    const std::string fault = timed_out_ ? "" : certificate_fault(*tls_);
    if (!timed_out_ && speaks_no_tls(error))
      return fail(Code::kUnavailable,
                  place() + ": TLS: " + error.message() +
                      "; the other side does not speak TLS: use http://, or name the port of "
                      "the TLS proxy in front of it");
    if (fault.empty()) return unavailable(error, "TLS");
    return fail(Code::kUnavailable, place() + ": TLS: its certificate is not trusted: " + fault);
  }

  Result<void> connect_socket() {
    if (!address_.socket_path.empty()) return connect_to_control();
    MB_TRY(const std::vector<Endpoint> endpoints, resolve());
    ErrorCode error = net::error::host_not_found;
    for (const Endpoint& endpoint : endpoints) {
      close();
      error = run([&](auto done) { socket_.async_connect(endpoint, done); });
      if (!error || timed_out_) break;
    }
    if (error) {
      close();
      return unavailable(error, "connect");
    }
    socket_.set_option(net::ip::tcp::no_delay(true), error);
    return ok();
  }

  Result<void> connect_to_control() {
    const std::string& path = address_.socket_path;
    if (path.size() > kControlPathBytesMax)
      return fail(Code::kConfig,
                  fmt::format("{}: the name of a control channel has at most {} bytes",
                              address_.text(), kControlPathBytesMax));
    const ErrorCode error = run([&](auto done) { connect_control(io_, socket_, path, done); });
    if (!error) return ok();
    close();
    return unavailable(error, "connect");
  }

  /// A look-up cannot be interrupted: past the deadline it is left to end by itself, so its result
  /// has a place of its own.
  Result<std::vector<Endpoint>> resolve() {
    using Resolver = net::ip::tcp::resolver;
    struct Found {
      bool done = false;
      ErrorCode error;
      Resolver::results_type results;
    };
    const auto found = std::make_shared<Found>();
    const auto resolver = std::make_shared<Resolver>(io_);
    const HttpAddress& first = route_.proxy ? *route_.proxy : address_;
    resolver->async_resolve(first.host, first.port, net::ip::resolver_base::numeric_service,
                            [found, resolver](const ErrorCode& error, const auto& results) {
                              found->done = true;
                              found->error = error;
                              found->results = results;
                            });
    io_.restart();
    while (!found->done && io_.run_one_until(deadline_) != 0) {
    }
    if (!found->done) return unavailable(net::error::timed_out, "look up the name");
    if (found->error) return unavailable(found->error, "look up the name");
    std::vector<Endpoint> endpoints;
    for (const auto& entry : found->results) endpoints.emplace_back(entry.endpoint());
    return endpoints;
  }

  Result<HttpResponse> exchange(const HttpRequest& request, const BodySink& sink) {
    got_bytes_ = false;
    timed_out_ = false;
    deadline_ = Steady::now() + limits_.request;
    auto response = exchange_open(request, sink);
    if (!response) close();
    return response;
  }

  Result<HttpResponse> exchange_open(const HttpRequest& request, const BodySink& sink) {
    const std::string head =
        request_head(request, address_, route_.proxy.has_value() && !address_.tls);
    const std::array<net::const_buffer, 2> out{net::buffer(head), net::buffer(request.body)};
    const ErrorCode written = run(
        [&](auto done) { on_stream([&](auto& stream) { net::async_write(stream, out, done); }); });
    if (timed_out_) return unavailable(written, "send the request");
    // A server may answer and close before it has read all: the answer counts.
    for (int i = 0; i < kInterimAnswersMax; ++i) {
      Parser parser;
      parser.header_limit(kAnswerHeadBytesMax);
      parser.body_limit(limits_.body_bytes_max);
      parser.skip(request.method == "HEAD");
      const ErrorCode read = run([&](auto done) {
        on_stream([&](auto& stream) { http::async_read_header(stream, buffer_, parser, done); });
      });
      got_bytes_ = got_bytes_ || buffer_.size() != 0 || parser.got_some();
      if (read) return failed_read(written && !got_bytes_ ? written : read);
      if (parser.get().result_int() < 200) continue;
      MB_TRY(auto response, read_answer(parser, sink));
      if (written || !parser.keep_alive()) close();
      return response;
    }
    return fail(Code::kRefused, address_.text() + ": interim answers without end");
  }

  Error failed_read(const ErrorCode& error) {
    if (error == http::error::body_limit) {
      return fail(Code::kRefused, fmt::format("{}: the answer is larger than {} bytes",
                                              address_.text(), limits_.body_bytes_max));
    }
    const bool is_http = error.category() == make_error_code(http::error::bad_target).category();
    if (is_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      return fail(Code::kRefused, address_.text() + ": the answer is not HTTP: " + error.message());
    }
    return unavailable(error, "read the answer");
  }

  Result<HttpResponse> read_answer(Parser& parser, const BodySink& sink) {
    HttpResponse response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
      response.headers.push_back({{field.name_string().data(), field.name_string().size()},
                                  {field.value().data(), field.value().size()}});
    }
    const bool is_streamed = sink && response.status >= 200 && response.status < 300;
    std::string piece(kPieceBytes, '\0');
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      const ErrorCode error = run([&](auto done) {
        on_stream([&](auto& stream) { http::async_read(stream, buffer_, parser, done); });
      });
      if (error && error != http::error::need_buffer) return failed_read(error);
      const std::string_view got(piece.data(), piece.size() - body.size);
      if (!is_streamed) {
        response.body += got;
      } else if (!got.empty() && !sink(got)) {
        return fail(Code::kRefused, address_.text() + ": reading the answer was stopped");
      }
    }
    return response;
  }

  const HttpAddress address_;
  const HttpClientLimits limits_;
  HttpRoute route_;
  net::io_context io_{1};
  Socket socket_;
  std::optional<net::ssl::context> context_;  ///< made when it is needed: it is large
  std::optional<HttpTlsStream> tls_;
  beast::flat_buffer buffer_{kPieceBytes};
  Steady::time_point deadline_;
  bool timed_out_ = false;
  bool got_bytes_ = false;  ///< of the answer: then the request is not sent again
};

HttpClient::HttpClient(HttpAddress address, HttpClientLimits limits, HttpRoute route)
    : impl_(std::make_unique<Impl>(std::move(address), limits, std::move(route))) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const BodySink& sink) {
  return impl_->send(request, sink);
}

const HttpAddress& HttpClient::address() const { return impl_->address(); }

}  // namespace meterbill
