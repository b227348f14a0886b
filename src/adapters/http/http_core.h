#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "adapters/http/http_rules.h"
#include "adapters/http/http_server.h"

namespace meterbill {

class HttpSession;

struct HttpCounters {
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> connections_open{0};
  std::atomic<std::int64_t> connections_refused{0};
  std::atomic<std::int64_t> requests{0};
  std::atomic<std::int64_t> requests_refused{0};
  std::atomic<std::int64_t> timeouts{0};
};

/// What the server, its sessions and the answers still owed share. It lives as long as any of them:
/// a program may answer after the server is gone, and must then reach a queue that nobody reads
/// rather than freed memory. Everything but `counters` and posting to `io` belongs to the I/O
/// thread.
struct HttpCore : std::enable_shared_from_this<HttpCore> {
  HttpCore(HttpServerOptions the_options, const Clock& the_clock, WebApp& the_app,
           AllowedHosts the_hosts)
      : options(std::move(the_options)),
        clock(the_clock),
        app(the_app),
        hosts(std::move(the_hosts)) {}

  const HttpServerOptions options;
  const Clock& clock;
  WebApp& app;
  const AllowedHosts hosts;
  HttpCounters counters;

  boost::asio::io_context io{1};
  std::map<std::uint64_t, std::shared_ptr<HttpSession>> sessions;
  std::uint64_t last_session = 0;
  std::uint64_t keepings = 0;  ///< how often a connection was kept: orders them by age
  bool draining = false;
  std::function<void()> on_session_end;
};

}  // namespace meterbill
