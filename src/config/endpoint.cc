#include "config/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace meterbill {
namespace {

constexpr std::size_t kHostBytesMax = 253;   // RFC 1035 §2.3.4, as text without the root's dot
constexpr std::size_t kTopicBytesMax = 249;  // Kafka: a topic name is a folder name there
constexpr std::uint16_t kKafkaPort = 9092;
constexpr std::uint16_t kTlsPort = 443;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_ipv6(std::string_view text) {
  return std::ranges::count(text, ':') >= 2 &&
         std::ranges::all_of(text, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

/// Addresses with a user or password are refused before any message could repeat them.
Result<void> refuse_login(std::string_view text) {
  if (text.find('@') == std::string_view::npos) return ok();
  return fail(Code::kInvalid, "an address here holds no user and no password: no '@'");
}

std::string quoted(std::string_view text) { return fmt::format("'{}'", text); }

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return fail(Code::kInvalid, fmt::format("port '{}' is not a number from 1 to 65535", text));
  return port;
}

/// Cuts `host` and `port` apart; the port is empty when there is none.
Result<std::pair<std::string_view, std::string_view>> split_port(std::string_view text) {
  using Parts = std::pair<std::string_view, std::string_view>;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    const std::string_view rest =
        close == std::string_view::npos ? std::string_view{} : text.substr(close + 1);
    if (close == std::string_view::npos || (!rest.empty() && !rest.starts_with(':')))
      return fail(Code::kInvalid, quoted(text) + " is not of the form [address]:port");
    const std::string_view host = text.substr(1, close - 1);
    if (!is_ipv6(host)) return fail(Code::kInvalid, quoted(host) + " is not an IPv6 address");
    return Parts{host, rest.empty() ? rest : rest.substr(1)};
  }
  if (is_ipv6(text))
    return fail(Code::kInvalid, quoted(text) + " needs brackets around the address: [::1]:5001");
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Parts{text, {}};
  return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= kTopicBytesMax && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

/// Four decimal numbers of at most 255, the first 127.
bool is_ipv4_loopback(std::string_view text) {
  int parts = 0;
  bool first_is_127 = false;
  while (parts < 4) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, dot);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || part.size() > 3 || error != std::errc{} ||
        end != part.data() + part.size() || value > 255)
      return false;
    if (parts++ == 0) first_is_127 = value == 127;
    if (dot == text.size()) return parts == 4 && first_is_127;
    text.remove_prefix(dot + 1);
  }
  return false;
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > kHostBytesMax) return false;
  if (is_ipv6(text)) return true;
  return std::ranges::all_of(
      text, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || is_ipv4_loopback(host);
}

Result<HostPort> parse_host_port(std::string_view text, std::uint16_t port_default) {
  MB_TRYV(refuse_login(text));
  MB_TRY(const auto parts, split_port(text));
  if (!is_host(parts.first))
    return fail(Code::kInvalid, quoted(text) + " has no valid host name or address");
  HostPort endpoint{.host = std::string(parts.first), .port = port_default};
  if (!parts.second.empty()) {
    MB_TRY(endpoint.port, parse_port(parts.second));
  }
  if (endpoint.port == 0 || text.ends_with(':'))
    return fail(Code::kInvalid, quoted(text) + " needs a port, for example " +
                                    to_text(HostPort{.host = endpoint.host, .port = 5001}));
  return endpoint;
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kTlsScheme = "https://";
  MB_TRYV(refuse_login(text));
  const bool tls = text.starts_with(kTlsScheme);
  if (!tls && !text.starts_with(kScheme))
    return fail(Code::kInvalid, quoted(text) + " does not start with http:// or https://");
  std::string_view rest = text.substr(tls ? kTlsScheme.size() : kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return fail(Code::kInvalid,
                quoted(text) + " has more than host and port; write http://host:port");
  MB_TRY(auto endpoint, parse_host_port(rest, tls ? kTlsPort : 0));
  return HttpUrl{.endpoint = std::move(endpoint), .tls = tls};
}

Result<std::vector<HostPort>> parse_broker_list(std::string_view text) {
  MB_TRYV(refuse_login(text));
  std::vector<HostPort> brokers;
  for (bool more = true; more;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    MB_TRY(auto broker, parse_host_port(text.substr(0, comma), kKafkaPort));
    brokers.push_back(std::move(broker));
    more = comma < text.size();
    if (more) text.remove_prefix(comma + 1);
  }
  if (brokers.size() > kBrokersMax)
    return fail(Code::kInvalid, fmt::format("more than {} brokers", kBrokersMax));
  return brokers;
}

Result<KafkaUrl> parse_kafka_url(std::string_view text) {
  constexpr std::string_view kScheme = "kafka://";
  MB_TRYV(refuse_login(text));
  if (!text.starts_with(kScheme))
    return fail(Code::kInvalid, quoted(text) + " does not start with kafka://");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos)
    return fail(Code::kInvalid, quoted(text) + " names no topic; add /resource_usage");
  const std::string_view topic = rest.substr(slash + 1);
  if (!is_topic(topic))
    return fail(Code::kInvalid,
                quoted(topic) + " is not a topic name: 1 to 249 letters, digits, '.', '_', '-'");
  MB_TRY(auto brokers, parse_broker_list(rest.substr(0, slash)));
  return KafkaUrl{.brokers = std::move(brokers), .topic = std::string(topic)};
}

std::string to_text(const HostPort& endpoint) {
  if (is_ipv6(endpoint.host)) return fmt::format("[{}]:{}", endpoint.host, endpoint.port);
  return fmt::format("{}:{}", endpoint.host, endpoint.port);
}

std::string to_text(const HttpUrl& url) {
  return (url.tls ? "https://" : "http://") + to_text(url.endpoint);
}

std::string to_text(const KafkaUrl& url) { return "kafka://" + broker_list(url) + "/" + url.topic; }

std::string broker_list(const KafkaUrl& url) {
  std::string list;
  for (const HostPort& broker : url.brokers) {
    if (!list.empty()) list += ',';
    list += to_text(broker);
  }
  return list;
}

}  // namespace meterbill
