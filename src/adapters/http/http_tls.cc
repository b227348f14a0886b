#include "adapters/http/http_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <filesystem>

#include "adapters/http/system_trust.h"

namespace meterbill {
namespace {

namespace ssl = boost::asio::ssl;

bool is_address(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

}  // namespace

Result<ssl::context> tls_context(const std::string& ca_file) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer);
  if (ca_file.empty()) {
    MB_TRYV(trust_system(context));
    return context;
  }
  std::error_code none;
  if (!std::filesystem::exists(ca_file, none))
    return fail(Code::kNotFound, ca_file + ": there is no such file, or it may not be seen");
  boost::system::error_code error;
  context.load_verify_file(ca_file, error);
  if (error)
    return fail(Code::kConfig,
                ca_file + " holds no certificate in PEM form that can be read: " + error.message());
  return context;
}

void expect_host(HttpTlsStream& stream, const std::string& host) {
  stream.set_verify_callback(ssl::host_name_verification(host));
  // A name to choose a certificate by; addresses are none (RFC 6066).
  if (!is_address(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
}

std::string certificate_fault(HttpTlsStream& stream) {
  const long result = SSL_get_verify_result(stream.native_handle());
  if (result == X509_V_OK) return {};
  std::string text = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return text + "; set agent.ca_file to the authority that signed it";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return text + "; renew it, or set the clock of this machine";
    default:
      return text;
  }
}

bool speaks_no_tls(const boost::system::error_code& error) {
  if (error.category() != boost::asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
         reason == SSL_R_HTTPS_PROXY_REQUEST;
}

}  // namespace meterbill
