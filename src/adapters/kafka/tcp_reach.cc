#include "adapters/kafka/tcp_reach.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>

namespace meterbill {

namespace asio = boost::asio;
using asio::ip::tcp;

Result<std::vector<std::string>> resolve_host(const std::string& host) {
  asio::io_context context;
  tcp::resolver resolver(context);
  boost::system::error_code error;
  const auto found = resolver.resolve(host, "", error);
  if (error) return fail(Code::kNotFound, error.message());
  std::vector<std::string> addresses;
  for (const auto& entry : found) {
    std::string address = entry.endpoint().address().to_string();
    if (std::ranges::find(addresses, address) == addresses.end())
      addresses.push_back(std::move(address));
  }
  return addresses;
}

Result<std::int64_t> reach_address(const std::string& address, std::uint16_t port, int timeout_ms) {
  asio::io_context context;
  tcp::socket socket(context);
  boost::system::error_code error = asio::error::timed_out;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (error) return fail(Code::kUnavailable, error.message());
  error = asio::error::timed_out;
  const auto begin = std::chrono::steady_clock::now();
  socket.async_connect(endpoint, [&](const boost::system::error_code& result) { error = result; });
  context.run_for(std::chrono::milliseconds(timeout_ms));
  if (error) return fail(Code::kUnavailable, error.message());
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

}  // namespace meterbill
