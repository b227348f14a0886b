#include <winsock2.h>
#include <ws2tcpip.h>

#include <algorithm>

#include "base/assert.h"
#include "support/sockets.h"

namespace meterbill {
namespace {

SOCKET native(RawSocket socket) { return static_cast<SOCKET>(socket); }
RawSocket raw(SOCKET socket) { return static_cast<RawSocket>(socket); }

/// Winsock is to be told once that it is wanted.
SOCKET make_socket(int family) {
  static const int started = [] {
    WSADATA data{};
    return WSAStartup(MAKEWORD(2, 2), &data);
  }();
  MB_ASSERT(started == 0);
  return ::socket(family, SOCK_STREAM, IPPROTO_TCP);
}

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
  WSAPOLLFD wait{.fd = native(socket), .events = events, .revents = 0};
  return WSAPoll(&wait, 1, static_cast<int>(patience.count())) == 1;
}

}  // namespace

RawSocket listen_on_loopback(std::uint16_t& port) {
  const auto listener = make_socket(AF_INET);
  sockaddr_in address = loopback(0);
  MB_ASSERT(::bind(listener, as_address(address), sizeof address) == 0);
  MB_ASSERT(::listen(listener, 16) == 0);
  int size = sizeof address;
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
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&yes), sizeof yes);
  return raw(made);
}

bool wait_to_read(RawSocket socket, std::chrono::milliseconds patience) {
  return wait_for(socket, POLLRDNORM, patience);
}

bool wait_to_write(RawSocket socket, std::chrono::milliseconds patience) {
  return wait_for(socket, POLLWRNORM, patience);
}

// One that may wait, in pieces: no call of Windows sends "what has room".
std::ptrdiff_t send_some(RawSocket socket, std::string_view bytes) {
  const auto piece = static_cast<int>(std::min<std::size_t>(bytes.size(), 4'096));
  return ::send(native(socket), bytes.data(), piece, 0);
}

bool send_all(RawSocket socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(native(socket), bytes.data(), static_cast<int>(bytes.size()), 0);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::ptrdiff_t receive_some(RawSocket socket, std::span<char> into) {
  return ::recv(native(socket), into.data(), static_cast<int>(into.size()), 0);
}

void end_sending(RawSocket socket) { ::shutdown(native(socket), SD_SEND); }

void end_both(RawSocket socket) { ::shutdown(native(socket), SD_BOTH); }

void close_socket(RawSocket socket) { ::closesocket(native(socket)); }

void reset_socket(RawSocket socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(native(socket), SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once),
               sizeof at_once);
  close_socket(socket);
}

}  // namespace meterbill
