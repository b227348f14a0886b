#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/sockets.h"

namespace meterbill {

/// One answer as it stood on the wire.
struct RawAnswer {
  int status = 0;  ///< 0: the connection ended or the wait did, before an answer was whole
  std::string head;
  std::string body;
};

/// A TCP or unix socket (on Linux) without manners: sends what it is told, byte by byte if need be.
/// Waits are bounded, so nothing hangs and nothing sleeps.
class RawClient {
 public:
  static constexpr std::chrono::milliseconds kPatience{10'000};

  explicit RawClient(std::uint16_t port, bool ipv6 = false);
  /// Linux only.
  explicit RawClient(const std::string& socket_path);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  [[nodiscard]] bool is_connected() const { return socket_ != kNoSocket; }
  /// False when the other side does not take it any more.
  bool send(std::string_view bytes);
  /// Sends one byte of `bytes` after the other, each after a pause in which nothing came back,
  /// until an answer comes, the connection ends or the bytes do.
  void dribble(std::string_view bytes, std::chrono::milliseconds pause);
  /// The next answer; its body by Content-Length. `is_head`: no body follows.
  RawAnswer read_answer(bool is_head = false, std::chrono::milliseconds patience = kPatience);
  /// Whether the other side ends the connection, nothing more having come.
  bool is_ended(std::chrono::milliseconds patience = kPatience);
  void half_close();
  /// Resets the connection.
  void abort();

  RawAnswer ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }

 private:
  /// 1: got something, 0: the other side ended, -1: nothing in time.
  int receive(std::chrono::milliseconds patience);

  RawSocket socket_ = kNoSocket;
  std::string received_;
};

}  // namespace meterbill
