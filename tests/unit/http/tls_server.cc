#include "unit/http/tls_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::chrono::milliseconds kLook{20};

void extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  MB_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// `POST /in abc`: the request taken apart; empty when the client has gone.
std::string read_request(SSL* stream) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t field = text.find("Content-Length: ");
      const std::size_t length =
          field < end ? std::strtoul(text.c_str() + field + 16, nullptr, 10) : 0;
      if (text.size() >= end + 4 + length)
        return text.substr(0, text.find(" HTTP/1.1")) + " " + text.substr(end + 4);
    }
    const int got = SSL_read(stream, chunk.data(), static_cast<int>(chunk.size()));
    if (got <= 0) return {};
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

TlsServer::TlsServer(const std::string& name) {
  make_certificate(name);
  listener_ = listen_on_loopback(port_);
  thread_ = std::thread([this] { run(); });
}

TlsServer::~TlsServer() {
  is_over_ = true;
  if (const RawSocket connection = connection_; connection != kNoSocket) end_both(connection);
  thread_.join();
  close_socket(listener_);
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

std::string TlsServer::name_asked_for() const {
  const std::scoped_lock lock(mutex_);
  return name_;
}

void TlsServer::make_certificate(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* common = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate, NID_subject_alt_name, "DNS:" + name + ",IP:127.0.0.1");
  MB_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0);
  std::FILE* file = std::fopen(ca_file().c_str(), "w");
  MB_ASSERT(file != nullptr && PEM_write_X509(file, certificate) == 1);
  std::fclose(file);
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  MB_ASSERT(SSL_CTX_use_certificate(context, certificate) == 1);
  MB_ASSERT(SSL_CTX_use_PrivateKey(context, key) == 1);
  context_ = context;
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void TlsServer::run() {
  while (!is_over_) {
    const RawSocket connection = accept_one(listener_, kLook);
    if (connection == kNoSocket) continue;
    connection_ = connection;
    serve(connection);
    connection_ = kNoSocket;
    close_socket(connection);
  }
}

void TlsServer::serve(RawSocket connection) {
  SSL* stream = SSL_new(static_cast<SSL_CTX*>(context_));
  SSL_set_fd(stream, static_cast<int>(connection));
  if (SSL_accept(stream) == 1) {
    ++handshakes_;
    const char* name = SSL_get_servername(stream, TLSEXT_NAMETYPE_host_name);
    {
      const std::scoped_lock lock(mutex_);
      name_ = name == nullptr ? "" : name;
    }
    for (std::string said = read_request(stream); !said.empty(); said = read_request(stream)) {
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(said.size()) + "\r\n\r\n" + said;
      if (SSL_write(stream, answer.data(), static_cast<int>(answer.size())) <= 0) break;
    }
  }
  SSL_free(stream);
}

ForwardingProxy::ForwardingProxy(std::uint16_t target) {
  listener_ = listen_on_loopback(port_);
  thread_ = std::thread([this, target] { run(target); });
}

ForwardingProxy::~ForwardingProxy() {
  is_over_ = true;
  thread_.join();
  close_socket(listener_);
}

std::string ForwardingProxy::address() const { return "http://127.0.0.1:" + std::to_string(port_); }

/// Ends when either side closes.
void ForwardingProxy::run(std::uint16_t target) {
  RawSocket client = kNoSocket;
  while (client == kNoSocket && !is_over_) client = accept_one(listener_, kLook);
  if (client == kNoSocket) return;
  std::array<char, 65536> chunk{};
  while (asked_.find("\r\n\r\n") == std::string::npos) {
    if (receive_some(client, {chunk.data(), 1}) != 1) break;
    asked_ += chunk[0];
  }
  const RawSocket server = connect_to_loopback(target);
  MB_ASSERT(server != kNoSocket);
  send_all(client, "HTTP/1.1 200 Connection established\r\n\r\n");
  const std::array<RawSocket, 2> sides{client, server};
  for (bool open = true; open;) {
    for (std::size_t from = 0; from < sides.size() && open; ++from) {
      if (!wait_to_read(sides[from], std::chrono::milliseconds{1})) continue;
      const auto got = receive_some(sides[from], chunk);
      open = got > 0 && send_all(sides[1 - from], {chunk.data(), static_cast<std::size_t>(got)});
    }
  }
  close_socket(server);
  close_socket(client);
}

}  // namespace meterbill
