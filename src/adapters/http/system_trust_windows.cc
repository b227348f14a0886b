#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "adapters/http/system_trust.h"
// Windows has macros by names of OpenSSL: it comes after, and in this order.
#include <windows.h>
//
#include <wincrypt.h>

#include "base/system_failure_windows.h"

namespace meterbill {
namespace {

/// One the machine has and OpenSSL does not understand is left out: it could sign nothing for us.
void trust(X509_STORE* store, const CERT_CONTEXT& certificate) {
  const unsigned char* bytes = certificate.pbCertEncoded;
  X509* const parsed = d2i_X509(nullptr, &bytes, static_cast<long>(certificate.cbCertEncoded));
  if (parsed == nullptr) return ERR_clear_error();
  if (X509_STORE_add_cert(store, parsed) != 1) ERR_clear_error();  // twice in the machine's store
  X509_free(parsed);
}

}  // namespace

// The store "ROOT" of the machine, with what Group Policy adds: a service's account has no other.
Result<void> trust_system(boost::asio::ssl::context& context) {
  const HCERTSTORE roots =
      CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, 0,
                    CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG, "ROOT");
  if (roots == nullptr) return windows_failure("the certificates that this machine trusts");
  X509_STORE* const store = SSL_CTX_get_cert_store(context.native_handle());
  const CERT_CONTEXT* certificate = nullptr;
  while ((certificate = CertEnumCertificatesInStore(roots, certificate)) != nullptr)
    trust(store, *certificate);
  CertCloseStore(roots, 0);
  return ok();
}

}  // namespace meterbill
