#include "unit/http/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace meterbill {

RawClient::RawClient(std::uint16_t port, bool ipv6) {
  descriptor_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = -1;
  if (ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    result = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  connected_ = result == 0;
  const int yes = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

RawClient::RawClient(const std::string& socket_path) {
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  connected_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd wait{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(kPatience.count())) != 1) return false;
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::dribble(std::string_view bytes, std::chrono::milliseconds pause) {
  for (const char byte : bytes) {
    if (!send(std::string_view(&byte, 1)) || receive(pause) >= 0) return;
  }
}

int RawClient::receive(std::chrono::milliseconds patience) {
  pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return -1;
  std::array<char, 65536> chunk{};
  const auto got = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
  if (got <= 0) return 0;
  received_.append(chunk.data(), static_cast<std::size_t>(got));
  return 1;
}

RawAnswer RawClient::read_answer(bool is_head, std::chrono::milliseconds patience) {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (receive(patience) != 1) return {};
  }
  RawAnswer answer;
  answer.head = received_.substr(0, end + 2);
  answer.status = static_cast<int>(std::strtol(received_.substr(9, 3).c_str(), nullptr, 10));
  received_.erase(0, end + 4);
  const std::size_t field = answer.head.find("Content-Length: ");
  if (field == std::string::npos || is_head) return answer;
  const auto length = std::strtoul(answer.head.c_str() + field + 16, nullptr, 10);
  while (received_.size() < length) {
    if (receive(patience) != 1) return {};
  }
  answer.body = received_.substr(0, length);
  received_.erase(0, length);
  return answer;
}

bool RawClient::is_ended(std::chrono::milliseconds patience) {
  return received_.empty() && receive(patience) == 0;
}

void RawClient::half_close() { ::shutdown(descriptor_, SHUT_WR); }

void RawClient::abort() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace meterbill
