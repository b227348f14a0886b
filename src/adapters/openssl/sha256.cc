#include "adapters/openssl/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/assert.h"

namespace meterbill {

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int length = 0;
  // Fails only without memory or with a provider that lacks SHA-256: nothing can go on then.
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  MB_ASSERT(done == 1 && length == digest.size());
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  std::string text;
  for (const std::uint8_t byte : sha256(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace meterbill
