#include "service/service_sid.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "base/assert.h"

namespace meterbill {

std::string service_sid(std::string_view name) {
  std::string text;
  for (const char c : name) {
    MB_ASSERT((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
    text += static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    text += '\0';
  }
  std::array<std::uint8_t, 20> digest{};
  unsigned size = 0;
  const int done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  MB_ASSERT(done == 1 && size == digest.size());
  std::string sid = "S-1-5-80";
  for (std::size_t at = 0; at < digest.size(); at += 4) {
    std::uint32_t number = 0;
    for (std::size_t byte = 0; byte < 4; ++byte)
      number |= std::uint32_t{digest[at + byte]} << (8 * byte);
    sid += fmt::format("-{}", number);
  }
  return sid;
}

}  // namespace meterbill
