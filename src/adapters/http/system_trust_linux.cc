#include <array>
#include <filesystem>

#include "adapters/http/system_trust.h"

namespace meterbill {
namespace {

// Where distributions keep the authorities, if not where this OpenSSL looks: a program that carries
// its OpenSSL inside looks where that one was built for.
constexpr std::array kSystemBundles{"/etc/ssl/certs/ca-certificates.crt",
                                    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"};

}  // namespace

Result<void> trust_system(boost::asio::ssl::context& context) {
  boost::system::error_code ignored;
  context.set_default_verify_paths(ignored);
  for (const char* bundle : kSystemBundles) {
    std::error_code none;
    if (!std::filesystem::exists(bundle, none)) continue;
    context.load_verify_file(bundle, ignored);
    break;
  }
  return ok();
}

}  // namespace meterbill
