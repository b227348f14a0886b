#include "support/broker_bed.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

#include "base/checked.h"

namespace meterbill {

BrokerBed::BrokerBed() {
  const char* port = std::getenv("METERBILL_BED_PORT");
  if (port == nullptr) throw std::runtime_error("started without its Python wrapper");
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(parse_count(port).value()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("the wrapper does not listen");
  direct_ = order("direct");
  proxied_ = order("proxied");
}

BrokerBed::~BrokerBed() { ::close(socket_); }

std::string BrokerBed::order(const std::string& words) {
  const std::string line = words + "\n";
  if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("the wrapper is gone");
  while (unread_.find('\n') == std::string::npos) {
    std::array<char, 4096> piece{};
    const ssize_t size = ::recv(socket_, piece.data(), piece.size(), 0);
    if (size <= 0) throw std::runtime_error("the wrapper is gone");
    unread_.append(piece.data(), static_cast<std::size_t>(size));
  }
  const std::size_t end = unread_.find('\n');
  const std::string answer = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  EXPECT_TRUE(answer.starts_with("ok")) << words << ": " << answer;
  return answer.size() > 3 ? answer.substr(3) : "";
}

}  // namespace meterbill
