#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/sockets.h"

namespace meterbill {

/// A peer that misbehaves by script: per accepted connection it reads one request (up to the end of
/// its body by Content-Length), writes its next text, and closes or goes on. What HttpServer would
/// never say comes from here.
class ScriptedServer {
 public:
  struct Step {
    std::string answer;
    bool close = true;         ///< after the answer
    bool read_request = true;  ///< false: answers without having read anything
  };

  explicit ScriptedServer(std::vector<Step> steps) : steps_(std::move(steps)) {
    listener_ = listen_on_loopback(port_);
    thread_ = std::thread([this] { run(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    is_over_ = true;
    thread_.join();
    close_socket(listener_);
  }

  [[nodiscard]] std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }
  /// Of the request read last; only after its answer came.
  [[nodiscard]] const std::string& last_request() const { return last_request_; }

 private:
  void run() {
    std::size_t next = 0;
    while (next < steps_.size()) {
      if (is_over_) return;
      const RawSocket connection = accept_one(listener_, std::chrono::milliseconds{20});
      if (connection == kNoSocket) continue;
      ++connections_;
      while (next < steps_.size()) {
        const Step& step = steps_[next++];
        if (step.read_request && !read_request(connection)) {
          --next;  // the client went away unanswered: the step is for the next one
          break;
        }
        send_all(connection, step.answer);
        if (step.close) break;
      }
      if (next == steps_.size() && !steps_.back().close) drain(connection);
      close_socket(connection);
    }
  }

  bool read_request(RawSocket connection) {
    std::string text;
    std::array<char, 65536> chunk{};
    for (;;) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t field = text.find("Content-Length: ");
        const std::size_t length =
            field < end ? std::strtoul(text.c_str() + field + 16, nullptr, 10) : 0;
        if (text.size() >= end + 4 + length) break;
      }
      const auto got = receive_some(connection, chunk);
      if (got <= 0) return false;
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    last_request_ = std::move(text);
    return true;
  }

  static void drain(RawSocket connection) {
    std::array<char, 4096> chunk{};
    while (receive_some(connection, chunk) > 0) {
    }
  }

  const std::vector<Step> steps_;
  RawSocket listener_ = kNoSocket;
  std::atomic<bool> is_over_{false};
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::string last_request_;
  std::thread thread_;
};

}  // namespace meterbill
