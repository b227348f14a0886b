// HTTP/1.1 by hand on a kept loopback connection: as little as a client can do, so that what is
// measured is the other side, or the loopback itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterbill::bench {

/// A file descriptor that is closed when destroyed.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// One connection. One thread at a time.
class HttpConnection {
 public:
  /// To 127.0.0.1.
  [[nodiscard]] static Result<HttpConnection> connect(std::uint16_t port);
  /// Takes over what a listener accepted.
  explicit HttpConnection(Descriptor socket);

  [[nodiscard]] Result<void> send(std::string_view bytes);
  /// The next head and body, with Content-Length or without body; empty at the end of the
  /// connection.
  [[nodiscard]] Result<std::string> receive();

 private:
  Descriptor socket_;
  std::string read_;  // beyond what was handed out
};

/// A listener on a free port of 127.0.0.1.
class HttpListener {
 public:
  [[nodiscard]] static Result<HttpListener> open();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Waits for one connection.
  [[nodiscard]] Result<HttpConnection> accept();

 private:
  HttpListener(Descriptor socket, std::uint16_t port) : socket_(std::move(socket)), port_(port) {}
  Descriptor socket_;
  std::uint16_t port_;
};

}  // namespace meterbill::bench
