#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "base/assert.h"
#include "support/sockets.h"

namespace meterbill {
namespace {

int native(RawSocket socket) { return static_cast<int>(socket); }
RawSocket raw(int socket) { return socket; }
int make_socket(int family) { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

template <typename Address>
sockaddr* as_address(Address& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

bool wait_for(RawSocket socket, short events, std::chrono::milliseconds patience) {
  pollfd wait{.fd = native(socket), .events = events, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(patience.count())) == 1;
}

}  // namespace

RawSocket listen_on_loopback(std::uint16_t& port) {
  // Also not one of who writes to it by other calls, such as OpenSSL.
  std::signal(SIGPIPE, SIG_IGN);
  const auto listener = make_socket(AF_INET);
  sockaddr_in address = loopback(0);
  MB_ASSERT(::bind(listener, as_address(address), sizeof address) == 0);
  MB_ASSERT(::listen(listener, 16) == 0);
  socklen_t size = sizeof address;
  ::getsockname(listener, as_address(address), &size);
  port = ntohs(address.sin_port);
  return raw(listener);
}

RawSocket accept_one(RawSocket listener, std::chrono::milliseconds patience) {
  if (!wait_to_read(listener, patience)) return kNoSocket;
  return raw(::accept(native(listener), nullptr, nullptr));
}

RawSocket connect_to_loopback(std::uint16_t port, bool ipv6) {
  const auto made = make_socket(ipv6 ? AF_INET6 : AF_INET);
  int result = -1;
  if (ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    result = ::connect(made, as_address(address), sizeof address);
  } else {
    sockaddr_in address = loopback(port);
    result = ::connect(made, as_address(address), sizeof address);
  }
  if (result != 0) {
    close_socket(raw(made));
    return kNoSocket;
  }
  const int yes = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, (&yes), sizeof yes);
  return raw(made);
}

bool wait_to_read(RawSocket socket, std::chrono::milliseconds patience) {
  return wait_for(socket, POLLIN, patience);
}

bool wait_to_write(RawSocket socket, std::chrono::milliseconds patience) {
  return wait_for(socket, POLLOUT, patience);
}

std::ptrdiff_t send_some(RawSocket socket, std::string_view bytes) {
  return ::send(native(socket), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool send_all(RawSocket socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(native(socket), bytes.data(), (bytes.size()), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::ptrdiff_t receive_some(RawSocket socket, std::span<char> into) {
  return ::recv(native(socket), into.data(), (into.size()), 0);
}

void end_sending(RawSocket socket) { ::shutdown(native(socket), SHUT_WR); }

void end_both(RawSocket socket) { ::shutdown(native(socket), SHUT_RDWR); }

void close_socket(RawSocket socket) { ::close(native(socket)); }

void reset_socket(RawSocket socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(native(socket), SOL_SOCKET, SO_LINGER, (&at_once), sizeof at_once);
  close_socket(socket);
}

}  // namespace meterbill
