#include "unit/http/raw_client.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "support/sockets.h"

namespace meterbill {

RawClient::RawClient(std::uint16_t port, bool ipv6) : socket_(connect_to_loopback(port, ipv6)) {}

RawClient::~RawClient() {
  if (is_connected()) close_socket(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_to_write(socket_, kPatience)) return false;
    const auto sent = send_some(socket_, bytes);
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
  if (!wait_to_read(socket_, patience)) return -1;
  std::array<char, 65536> chunk{};
  const auto got = receive_some(socket_, chunk);
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

void RawClient::half_close() { end_sending(socket_); }

void RawClient::abort() { reset_socket(std::exchange(socket_, kNoSocket)); }

}  // namespace meterbill
