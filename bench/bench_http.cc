#include "bench_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace meterbill::bench {

namespace {

Error broken(const char* what) {
  return fail(Code::kIo, std::string(what) + ": " + std::strerror(errno));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Result<Descriptor> tcp_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.number() < 0) return broken("socket");
  return socket;
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";  // as Beast and we write it
  const std::size_t at = head.find(kName);
  std::size_t length = 0;
  if (at != std::string_view::npos)
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
  return length;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

HttpConnection::HttpConnection(Descriptor socket) : socket_(std::move(socket)) {
  const int on = 1;
  ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<HttpConnection> HttpConnection::connect(std::uint16_t port) {
  MB_TRY(Descriptor socket, tcp_socket());
  const sockaddr_in address = loopback(port);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return broken("connect");
  return HttpConnection(std::move(socket));
}

Result<void> HttpConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return broken("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return ok();
}

Result<std::string> HttpConnection::receive() {
  std::size_t whole = std::string::npos;
  while (true) {
    if (whole == std::string::npos) {
      const std::size_t end = read_.find("\r\n\r\n");
      if (end != std::string::npos) whole = end + 4 + content_length(read_.substr(0, end));
    }
    if (read_.size() >= whole) {
      std::string message = read_.substr(0, whole);
      read_.erase(0, whole);
      return message;
    }
    std::array<char, 16384> buffer{};
    const ssize_t got = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (got < 0) return broken("receive");
    if (got == 0) return std::string();
    read_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<HttpListener> HttpListener::open() {
  MB_TRY(Descriptor socket, tcp_socket());
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.number(), generic, size) != 0 || ::listen(socket.number(), 1) != 0 ||
      ::getsockname(socket.number(), generic, &size) != 0)
    return broken("listen");
  return HttpListener(std::move(socket), ntohs(address.sin_port));
}

Result<HttpConnection> HttpListener::accept() {
  Descriptor accepted(::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  if (accepted.number() < 0) return broken("accept");
  return HttpConnection(std::move(accepted));
}

}  // namespace meterbill::bench
