#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meterbill {

/// The pure rules of HTTP that the library leaves to its user: targets, hosts, origins, dates.

/// The request target taken apart (RFC 9112 §3.2).
struct HttpTarget {
  std::string authority;  ///< of the absolute form only
  std::string path;       ///< decoded
  std::multimap<std::string, std::string, std::less<>> query;
};

/// Reads origin form and absolute form. kInvalid: any other form, a `%` without two hex digits, a
/// NUL byte.
[[nodiscard]] Result<HttpTarget> parse_target(std::string_view target);

/// Host and port of "web-1:5001", "[::1]:5001", "localhost". The host in lower case, IPv6 in its
/// brackets; `port` empty when absent.
struct HttpAuthority {
  std::string host;
  std::string port;
};
/// kInvalid: empty host, other characters than a name or address has, a port that is no number up
/// to 65535.
[[nodiscard]] Result<HttpAuthority> parse_authority(std::string_view text);

/// The names under which a server may be asked: loopback names, and those configured. A page from
/// elsewhere whose name was made to point at this machine (DNS rebinding) still sends its own name.
class AllowedHosts {
 public:
  /// Each with or without a port (which is ignored: a port forwarder may change it).
  explicit AllowedHosts(const std::vector<std::string>& configured);

  /// `authority` as a Host header holds it.
  [[nodiscard]] bool contain(std::string_view authority) const;
  /// An Origin header ("http://localhost:5001") that belongs to an allowed host and to exactly the
  /// `authority` that was asked.
  [[nodiscard]] bool is_same_origin(std::string_view origin, std::string_view authority) const;

 private:
  std::vector<std::string> hosts_;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7, IMF-fixdate).
[[nodiscard]] std::string http_date(UtcTime time);
/// nullopt for anything but an IMF-fixdate that exists.
[[nodiscard]] std::optional<UtcTime> parse_http_date(std::string_view text);

}  // namespace meterbill
