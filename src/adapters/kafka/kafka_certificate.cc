#include "adapters/kafka/kafka_certificate.h"

#include <fmt/format.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <ctime>
#include <memory>
#include <utility>

#include "adapters/kafka/kafka_signals.h"

namespace meterbill {
namespace {

constexpr int kNamesMax = 5;

struct Deleter {
  void operator()(X509* it) const { X509_free(it); }
  void operator()(GENERAL_NAMES* it) const { GENERAL_NAMES_free(it); }
  void operator()(char* it) const { OPENSSL_free(it); }
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, Deleter>;

OpenSslPtr<X509> read_certificate(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return OpenSslPtr<X509>{d2i_X509(nullptr, &bytes, static_cast<long>(der.size()))};
}

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_STRING* bytes) {
  const std::string raw = bytes_of(bytes);
  namespace ip = boost::asio::ip;
  ip::address_v4::bytes_type v4{};
  ip::address_v6::bytes_type v6{};
  if (raw.size() == v4.size()) {
    std::ranges::copy(raw, v4.begin());
    return ip::address_v4(v4).to_string();
  }
  if (raw.size() != v6.size()) return "";
  std::ranges::copy(raw, v6.begin());
  return ip::address_v6(v6).to_string();
}

/// The hosts a certificate is for: `kafka-1.example, 192.0.2.5`.
std::string hosts_of(const X509& certificate) {
  const OpenSslPtr<GENERAL_NAMES> names{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::string hosts;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && i < kNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string host;
    if (name->type == GEN_DNS) host = bytes_of(name->d.dNSName);
    if (name->type == GEN_IPADD) host = address_of(name->d.iPAddress);
    if (!host.empty()) hosts += (hosts.empty() ? "" : ", ") + host;
  }
  if (hosts.empty()) return "no host";
  return hosts + (count > kNamesMax ? ", …" : "");
}

std::string text_of(const X509_NAME* name) {
  const OpenSslPtr<char> text{X509_NAME_oneline(name, nullptr, 0)};
  return text ? std::string(text.get()) : "";
}

std::string text_of(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return "a time that cannot be read";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void note_error(rd_kafka_t*, int code, const char* reason, void* signals) {
  auto& told = *static_cast<KafkaSignals*>(signals);
  // "1/1 brokers are down" says less than the failure before it.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || told.error().empty()) told.note_error(reason);
}

/// librdkafka's callback; on a thread of its own. 1: the certificate is good.
int note_verdict(rd_kafka_t*, const char* broker, std::int32_t, int* x509_error, int,
                 const char* der, std::size_t size, char*, std::size_t, void* signals) {
  if (*x509_error == X509_V_OK) return 1;
  BadCertificate bad = explain_certificate(*x509_error, broker, {der, size});
  static_cast<KafkaSignals*>(signals)->note_certificate(std::move(bad));
  return 0;
}

}  // namespace

BadCertificate explain_certificate(int x509_error, std::string_view broker, std::string_view der) {
  const OpenSslPtr<X509> certificate = read_certificate(der);
  const std::string_view host = broker.substr(0, broker.rfind(':'));
  BadCertificate otherwise{fmt::format("the certificate of {} is not good: {}", host,
                                       X509_verify_cert_error_string(x509_error)),
                           std::string(kNameTheAuthority)};
  if (!certificate) return otherwise;
  const std::string subject = text_of(X509_get_subject_name(certificate.get()));
  switch (x509_error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {fmt::format("the certificate is for {}, not for {}", hosts_of(*certificate), host),
              "name the broker as its certificate does, here and in its advertised.listeners; or "
              "set kafka.ssl.endpoint.identification.algorithm=none if you know why it differs"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {fmt::format("the certificate {} expired at {}", subject,
                          text_of(X509_get0_notAfter(certificate.get()))),
              "ask the administrator of your Kafka to renew it; or is this machine's clock wrong?"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {fmt::format("the certificate {} is not valid before {}", subject,
                          text_of(X509_get0_notBefore(certificate.get()))),
              "is this machine's clock wrong?"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {fmt::format("the certificate of {} is signed by an authority unknown here: {}", host,
                          text_of(X509_get_issuer_name(certificate.get()))),
              std::string(kNameTheAuthority)};
    default:
      return otherwise;
  }
}

void note_failures(rd_kafka_conf_t* conf, KafkaSignals& signals) {
  rd_kafka_conf_set_opaque(conf, &signals);
  rd_kafka_conf_set_error_cb(conf, &note_error);
  // Where librdkafka has no TLS there is nothing to note.
  static_cast<void>(rd_kafka_conf_set_ssl_cert_verify_cb(conf, &note_verdict));
}

}  // namespace meterbill
