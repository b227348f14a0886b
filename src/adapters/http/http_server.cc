#include "adapters/http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "adapters/http/control_channel.h"
#include "adapters/http/http_listener.h"
#include "adapters/http/port_owner.h"

namespace meterbill {
namespace {

namespace net = boost::asio;
using Tcp = net::ip::tcp;

Result<Tcp::endpoint> parse_endpoint(const std::string& text, bool allow_remote) {
  const std::string remedy =
      ": an address and a port are needed, as in 127.0.0.1:5001 or [::1]:5001";
  auto parsed = parse_authority(text);
  if (!parsed || parsed.value().port.empty()) {
    return fail(Code::kConfig, "http.listen " + text + remedy);
  }
  std::string host = parsed.value().host;
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = net::ip::make_address(host, error);
  if (error) return fail(Code::kConfig, "http.listen " + text + remedy);
  if (!address.is_loopback() && !allow_remote) {
    return fail(Code::kConfig, "http.listen " + text +
                                   " is no loopback address: whoever reaches it could read and "
                                   "bill; set http.insecure=true if that is meant");
  }
  return Tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(parsed.value().port)));
}

Result<Tcp::acceptor> listen_tcp(net::io_context& io, const Tcp::endpoint& endpoint,
                                 const std::string& text) {
  Tcp::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) own_port(acceptor, error);
  if (!error && endpoint.protocol() == Tcp::v6()) {
    acceptor.set_option(net::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (!error) return acceptor;
  if (error == net::error::address_in_use) {
    return fail(
        Code::kConflict,
        "http.listen " + text + ": another program listens there; stop it, or set another port");
  }
  const bool is_right = error == net::error::access_denied;
  return fail(is_right ? Code::kPermission : Code::kConfig,
              "http.listen " + text + ": " + error.message());
}

AllowedHosts allowed_hosts(const HttpServerOptions& options,
                           const std::optional<Tcp::endpoint>& endpoint) {
  std::vector<std::string> names = options.allowed_hosts;
  // An address cannot be made to point elsewhere, so the one listened on is a name of ours.
  if (endpoint && !endpoint->address().is_unspecified()) {
    names.push_back(endpoint->address().to_string());
  }
  return AllowedHosts(names);
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(std::shared_ptr<HttpCore> core)
      : core_(std::move(core)), work_(core_->io.get_executor()), grace_(core_->io) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(std::chrono::milliseconds{0}); }

  Result<void> listen(const std::optional<Tcp::endpoint>& endpoint) {
    const HttpServerOptions& options = core_->options;
    if (endpoint) {
      MB_TRY(auto acceptor, listen_tcp(core_->io, *endpoint, options.listen));
      port_ = acceptor.local_endpoint().port();
      tcp_ = std::make_shared<HttpListener<Tcp>>(*core_, std::move(acceptor), false,
                                                 options.limits.connections_max);
    }
    if (options.control_descriptor || !options.control_path.empty()) {
      MB_TRY(control_, ControlListener::open(*core_));
    }
    return ok();
  }

  void run() {
    core_->on_session_end = [this] { end_if_drained(); };
    if (tcp_) tcp_->accept();
    if (control_) control_->accept();
    thread_ = std::thread([this] { core_->io.run(); });
  }

  void stop(std::chrono::milliseconds grace) {
    if (thread_.joinable()) {
      net::post(core_->io, [this, grace] { drain(grace); });
      thread_.join();
    }
    core_->on_session_end = nullptr;
    control_.reset();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const HttpCounters& counters() const { return core_->counters; }

 private:
  void drain(std::chrono::milliseconds grace) {
    core_->draining = true;
    if (tcp_) tcp_->close();
    if (control_) control_->close();
    for (const auto& session : sessions()) session->drain();
    grace_.expires_after(grace);
    grace_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for (const auto& session : sessions()) session->close();
    });
    end_if_drained();
  }

  /// Copied, because a session that closes leaves the map.
  [[nodiscard]] std::vector<std::shared_ptr<HttpSession>> sessions() const {
    std::vector<std::shared_ptr<HttpSession>> all;
    for (const auto& [id, session] : core_->sessions) all.push_back(session);
    return all;
  }

  void end_if_drained() {
    if (!core_->draining || !core_->sessions.empty()) return;
    grace_.cancel();
    work_.reset();
  }

  const std::shared_ptr<HttpCore> core_;
  net::executor_work_guard<net::io_context::executor_type> work_;
  net::steady_timer grace_;
  std::shared_ptr<HttpListener<Tcp>> tcp_;
  std::shared_ptr<ControlListener> control_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, const Clock& clock,
                                                      WebApp& app) {
  std::optional<Tcp::endpoint> endpoint;
  if (!options.listen.empty()) {
    MB_TRY(endpoint, parse_endpoint(options.listen, options.allow_remote));
  }
  AllowedHosts hosts = allowed_hosts(options, endpoint);
  auto core = std::make_shared<HttpCore>(std::move(options), clock, app, std::move(hosts));
  auto impl = std::make_unique<Impl>(std::move(core));
  MB_TRYV(impl->listen(endpoint));
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

HttpStats HttpServer::stats() const {
  const HttpCounters& counters = impl_->counters();
  return {
      .connections_open = counters.connections_open,
      .connections = counters.connections,
      .connections_refused = counters.connections_refused,
      .requests = counters.requests,
      .requests_refused = counters.requests_refused,
      .timeouts = counters.timeouts,
  };
}

}  // namespace meterbill
