#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "support/sockets.h"
#include "support/temp_dir.h"

namespace meterbill {

/// An HTTPS server on loopback that shares no code with ours but OpenSSL: it answers 200 with
/// method, target and body, one connection after the other. Its certificate is signed by itself,
/// for `name` and 127.0.0.1.
class TlsServer {
 public:
  explicit TlsServer(const std::string& name = "localhost");
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string ca_file() const { return (folder_.path() / "ca.pem").string(); }
  [[nodiscard]] int handshakes() const { return handshakes_; }
  /// By the newest handshake (SNI).
  [[nodiscard]] std::string name_asked_for() const;

 private:
  void make_certificate(const std::string& name);
  void run();
  void serve(RawSocket connection);

  TempDir folder_;
  RawSocket listener_ = kNoSocket;
  std::atomic<bool> is_over_{false};
  std::uint16_t port_ = 0;
  void* context_ = nullptr;  ///< SSL_CTX
  std::atomic<RawSocket> connection_{kNoSocket};
  std::atomic<int> handshakes_{0};
  mutable std::mutex mutex_;
  std::string name_;
  std::thread thread_;
};

/// A proxy that grants CONNECT and passes bytes on to a port of loopback, whatever name it is asked
/// for; one connection.
class ForwardingProxy {
 public:
  explicit ForwardingProxy(std::uint16_t target);
  ForwardingProxy(const ForwardingProxy&) = delete;
  ForwardingProxy& operator=(const ForwardingProxy&) = delete;
  ~ForwardingProxy();

  [[nodiscard]] std::string address() const;
  /// The head of the request for a tunnel; only after the tunnel has carried something.
  [[nodiscard]] const std::string& asked() const { return asked_; }

 private:
  void run(std::uint16_t target);

  RawSocket listener_ = kNoSocket;
  std::atomic<bool> is_over_{false};
  std::uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

}  // namespace meterbill
