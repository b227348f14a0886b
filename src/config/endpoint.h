#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meterbill {

/// A host name or address and a TCP port, 1 to 65535. The host of an IPv6 address stands without
/// brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// `http://worker-1:5001` or `https://…`: a worker to send to.
struct HttpUrl {
  HostPort endpoint;
  bool tls = false;
  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

/// `kafka://kafka-1:9092,kafka-2:9092/resource_usage`: brokers to ask first, and the topic.
struct KafkaUrl {
  std::vector<HostPort> brokers;
  std::string topic;
  friend bool operator==(const KafkaUrl&, const KafkaUrl&) = default;
};

inline constexpr std::size_t kBrokersMax = 64;

/// Reads `host:port`, `192.0.2.1:5001` or `[::1]:5001`. A missing port is kInvalid when
/// `port_default` is 0.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text,
                                               std::uint16_t port_default = 0);

/// Reads `http://host:port` or `https://host[:port]`, whose port is 443 unless said, with at most a
/// `/` behind it. As in all of these, no message repeats a
/// text that holds an `@`: there may be a password before it.
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view text);

/// Reads `kafka://host[:port][,host[:port]…]/topic`; the port of a broker is 9092 unless said.
/// Not Boost.URL, which takes `a:1,b:2` for one host.
[[nodiscard]] Result<KafkaUrl> parse_kafka_url(std::string_view text);

/// Reads the comma-separated `host[:port]` list of `bootstrap.servers`.
[[nodiscard]] Result<std::vector<HostPort>> parse_broker_list(std::string_view text);

[[nodiscard]] std::string to_text(const HostPort& endpoint);
[[nodiscard]] std::string to_text(const HttpUrl& url);
[[nodiscard]] std::string to_text(const KafkaUrl& url);

/// `kafka-1:9092,kafka-2:9092`, as librdkafka's `bootstrap.servers` wants it.
[[nodiscard]] std::string broker_list(const KafkaUrl& url);

/// Letters, digits, `.`, `-`, `_`, or an IPv6 address; at most 253 bytes.
[[nodiscard]] bool is_host(std::string_view text);

/// `localhost`, 127.0.0.0/8 written as four numbers, or `::1`. Any other spelling counts as an
/// address that others can reach: refusing too much is the safe side.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace meterbill
