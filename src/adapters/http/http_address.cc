#include <algorithm>

#include "adapters/http/http_client.h"
#include "adapters/http/http_rules.h"

namespace meterbill {

Result<HttpAddress> HttpAddress::parse(std::string_view text) {
  const std::string shown(text);
  const std::string remedy = ": http://HOST:PORT, https://HOST:PORT or unix:/PATH is needed";
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    // A named pipe of Windows likewise.
    if (!text.starts_with('/') && !text.starts_with(R"(\\.\pipe\)"))
      return fail(Code::kConfig, shown + remedy);
    HttpAddress address;
    address.socket_path = text;
    return address;
  }
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) return fail(Code::kConfig, shown + remedy);
  text.remove_prefix(tls ? 8 : 7);
  // Not repeated in the message: what stands before the '@' may be a password.
  if (text.find('@') != text.npos) {
    return fail(Code::kConfig, "an address with a user name is not possible" + remedy);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  const auto parsed = parse_authority(text);
  if (!parsed) return fail(Code::kConfig, shown + remedy);
  HttpAddress address;
  address.host = parsed.value().host;
  if (address.host.starts_with('[')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  address.tls = tls;
  address.port = parsed.value().port;
  if (address.port.empty()) address.port = tls ? "443" : "80";
  return address;
}

std::string HttpAddress::authority() const {
  if (!socket_path.empty()) return "localhost";
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

std::string HttpAddress::text() const {
  if (!socket_path.empty()) return "unix:" + socket_path;
  return std::string(tls ? "https://" : "http://") + authority();
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
    if (is_unreserved) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

}  // namespace meterbill
