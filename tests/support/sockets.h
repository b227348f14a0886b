#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace meterbill {

/// Sockets of loopback as the kernel has them, with nothing of ours or of Asio's between: a file
/// descriptor, or a SOCKET of Windows. No call raises a signal.
using RawSocket = std::intptr_t;
inline constexpr RawSocket kNoSocket = -1;

/// A listening one on a port of the kernel's choice.
[[nodiscard]] RawSocket listen_on_loopback(std::uint16_t& port);
/// The next connection; kNoSocket when none came in time.
[[nodiscard]] RawSocket accept_one(RawSocket listener, std::chrono::milliseconds patience);
/// kNoSocket: refused.
[[nodiscard]] RawSocket connect_to_loopback(std::uint16_t port, bool ipv6 = false);

/// Whether it can be read (also: it ended), or written, in time.
[[nodiscard]] bool wait_to_read(RawSocket socket, std::chrono::milliseconds patience);
[[nodiscard]] bool wait_to_write(RawSocket socket, std::chrono::milliseconds patience);
/// Bytes sent, at least 1 of them, without waiting for more; <= 0: it failed.
[[nodiscard]] std::ptrdiff_t send_some(RawSocket socket, std::string_view bytes);
/// All of it, waiting as long as it takes; false: it failed.
bool send_all(RawSocket socket, std::string_view bytes);
/// Bytes received; 0: the other side ended, < 0: it failed. Waits.
[[nodiscard]] std::ptrdiff_t receive_some(RawSocket socket, std::span<char> into);

void end_sending(RawSocket socket);
/// In both directions; who waits for it is woken.
void end_both(RawSocket socket);
void close_socket(RawSocket socket);
/// The other side is told that it was reset.
void reset_socket(RawSocket socket);

}  // namespace meterbill
