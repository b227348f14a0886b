#include "config/endpoint.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

struct EndpointCase {
  std::string_view text;
  std::string_view want;  ///< as written back; "" when it must be refused
};

TEST(EndpointTest, HostAndPort) {
  constexpr EndpointCase kCases[] = {
      {"127.0.0.1:5001", "127.0.0.1:5001"},
      {"web-1.example:80", "web-1.example:80"},
      {"[::1]:5001", "[::1]:5001"},
      {"[2001:db8::7]:65535", "[2001:db8::7]:65535"},
      {"localhost", ""},
      {"localhost:", ""},
      {":5001", ""},
      {"::1:5001", ""},
      {"[::1]5001", ""},
      {"[::1", ""},
      {"[web]:1", ""},
      {"a:0", ""},
      {"a:65536", ""},
      {"a:-1", ""},
      {"a:1x", ""},
      {"a b:1", ""},
      {"user@host:1", ""},
      {"*:5001", ""},
      {"", ""},
  };
  for (const EndpointCase& row : kCases) {
    const auto got = parse_host_port(row.text);
    EXPECT_EQ(got ? to_text(got.value()) : "", row.want) << row.text;
  }
}

TEST(EndpointTest, HttpUrlIsSchemeHostAndPortOnly) {
  constexpr EndpointCase kCases[] = {
      {"http://127.0.0.1:5001", "http://127.0.0.1:5001"},
      {"http://worker:5001/", "http://worker:5001"},
      {"http://[::1]:5001", "http://[::1]:5001"},
      {"http://worker", ""},
      {"https://worker:5001", "https://worker:5001"},
      {"https://worker", "https://worker:443"},
      {"https://", ""},
      {"worker:5001", ""},
      {"http://worker:5001/api", ""},
      {"http://worker:5001?x=1", ""},
      {"http://user:secret@worker:5001", ""},
  };
  for (const EndpointCase& row : kCases) {
    const auto got = parse_http_url(row.text);
    EXPECT_EQ(got ? to_text(got.value()) : "", row.want) << row.text;
  }
}

TEST(EndpointTest, KafkaUrlKeepsEveryBroker) {
  constexpr EndpointCase kCases[] = {
      {"kafka://a:1,b:2/t", "kafka://a:1,b:2/t"},
      {"kafka://a/resource_usage", "kafka://a:9092/resource_usage"},
      {"kafka://[::1]:9092,b/x.y-z_1", "kafka://[::1]:9092,b:9092/x.y-z_1"},
      {"kafka://a:1", ""},
      {"kafka://a:1/", ""},
      {"kafka:///t", ""},
      {"kafka://a:1,/t", ""},
      {"kafka://,a:1/t", ""},
      {"kafka://a:1/..", ""},
      {"kafka://a:1/t/u", ""},
      {"kafka://a:1/t u", ""},
      {"kafka://user:pw@a:1/t", ""},
      {"http://a:1/t", ""},
  };
  for (const EndpointCase& row : kCases) {
    const auto got = parse_kafka_url(row.text);
    EXPECT_EQ(got ? to_text(got.value()) : "", row.want) << row.text;
  }
  EXPECT_EQ(broker_list(parse_kafka_url("kafka://a:1,[::1]:2/t").value()), "a:1,[::1]:2");
}

TEST(EndpointTest, LimitsAreKept) {
  EXPECT_TRUE(parse_host_port(std::string(253, 'a') + ":1"));
  EXPECT_FALSE(parse_host_port(std::string(254, 'a') + ":1"));
  EXPECT_TRUE(parse_kafka_url("kafka://a/" + std::string(249, 't')));
  EXPECT_FALSE(parse_kafka_url("kafka://a/" + std::string(250, 't')));
  std::string brokers = "a";
  for (std::size_t i = 1; i < kBrokersMax; ++i) brokers += ",a";
  EXPECT_TRUE(parse_broker_list(brokers));
  EXPECT_FALSE(parse_broker_list(brokers + ",a"));
}

TEST(EndpointTest, AMessageNeverRepeatsAPassword) {
  for (const char* text : {"http://user:hunter2@worker:5001", "kafka://user:hunter2@a:1/t",
                           "ftp://user:hunter2@a", "kafka://user:hunter2@a"}) {
    const auto http = parse_http_url(text);
    const auto kafka = parse_kafka_url(text);
    ASSERT_FALSE(http) << text;
    ASSERT_FALSE(kafka) << text;
    EXPECT_EQ(http.error().message.find("hunter2"), std::string::npos) << http.error().message;
    EXPECT_EQ(kafka.error().message.find("hunter2"), std::string::npos) << kafka.error().message;
  }
}

TEST(EndpointTest, OnlyPlainLoopbackAddressesAreLoopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host :
       {"0.0.0.0", "::", "127.example.com", "127.0.0.1.example", "127.0.0", "127.0.0.1.1",
        "127.0.0.256", "128.0.0.1", "localhost.example", "1.127.0.0", "127.0.0.0001", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace meterbill
