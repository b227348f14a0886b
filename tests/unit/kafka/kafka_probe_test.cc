#include "adapters/kafka/kafka_probe.h"

#include <gmock/gmock.h>

#include "wire/decode.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kWeekMs = std::int64_t{7} * 24 * 3'600 * 1'000;

TEST(KafkaProbeTest, TheWorkerReadsAProbeAsOne) {
  const KafkaProbe probe =
      make_probe({.utc = {1'795'342'500'000'000}, .monotonic_us = 1, .boot_us = 2});
  Delivery delivery;
  delivery.key = probe.message.key;
  delivery.value = probe.message.value;
  delivery.headers = probe.message.headers;
  EXPECT_TRUE(std::holds_alternative<Probe>(decode(delivery, Route::kKafka)));
}

TEST(KafkaLossTest, ABrokersAnswerIsNotHiddenByAConnectionThatFailed) {
  const std::string refused =
      "127.0.0.1:9/3: Connect to ipv4#127.0.0.1:9 failed: Connection refused";
  const KafkaProduced answered{.error = "Broker: Message size too large"};
  const KafkaLoss loss = explain_loss(answered, refused);
  EXPECT_EQ(loss.what, answered.error);
  EXPECT_THAT(loss.remedy, HasSubstr("the broker's log"));
}

TEST(KafkaLossTest, WhereNoBrokerAnsweredAConnectionThatFailedTellsWhy) {
  const std::string refused =
      "127.0.0.1:9/3: Connect to ipv4#127.0.0.1:9 failed: Connection refused";
  const KafkaProduced lost{.error = "Local: Message timed out", .is_unanswered = true};
  const KafkaLoss loss = explain_loss(lost, refused);
  EXPECT_THAT(loss.what, HasSubstr("Connection refused"));
  EXPECT_THAT(loss.remedy, HasSubstr("advertised.listeners"));
  EXPECT_THAT(loss.remedy, HasSubstr("or this broker is down"));
  EXPECT_EQ(explain_loss(lost, "").what, lost.error);
}

TEST(KafkaFaultTest, TheFailureLeadsToTheStepAndTheRemedy) {
  struct Row {
    const char* error;
    bool uses_tls;
    bool uses_login;
    int step;
    const char* remedy;
  };
  const std::vector<Row> rows{
      {"SSL handshake failed: error:1408F10B: wrong version number: connecting to a PLAINTEXT "
       "broker listener?",
       true, false, 3, "speaks no TLS"},
      {"SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading", true,
       false, 3, "speaks no TLS"},
      {"SSL handshake failed: certificate verify failed: broker certificate could not be verified",
       true, true, 3, "kafka.ssl.ca.location"},
      {"SASL authentication error: Authentication failed during authentication due to invalid "
       "credentials with SASL mechanism SCRAM-SHA-512",
       true, true, 4, "kafka.sasl.password"},
      {"SASL authentication error: Authentication failed during authentication due to invalid "
       "credentials with SASL mechanism OAUTHBEARER",
       true, true, 4, "kafka.sasl.password"},
      {"SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism", false,
       true, 4, "kafka.sasl.mechanism"},
      {"SASL authentication error: Authentication failed: Invalid username or password", true, true,
       4, "kafka.sasl.password"},
      {"Disconnected while requesting ApiVersion", false, false, 2, "sasl_plaintext"},
      {"Disconnected while requesting ApiVersion", false, true, 4, "security.protocol"},
  };
  for (const Row& row : rows) {
    const KafkaFault fault = explain_fault(row.error, row.uses_tls, row.uses_login);
    EXPECT_EQ(fault.step, row.step) << row.error;
    EXPECT_THAT(fault.remedy, HasSubstr(row.remedy)) << row.error;
  }
}

TEST(KafkaFaultTest, ThePlaceAndTheTimeAreLeftOut) {
  EXPECT_EQ(plain_words("ssl://a:1/bootstrap: SSL handshake failed: x (after 6ms in state Y)"),
            "SSL handshake failed: x");
  EXPECT_EQ(plain_words("no answer"), "no answer");
}

TEST(KafkaTopicRiskTest, WhatLosesReadingsIsNamed) {
  EXPECT_THAT(topic_risks({}, kWeekMs), IsEmpty());
  EXPECT_THAT(topic_risks({{"cleanup.policy", "delete"},
                           {"message.timestamp.type", "CreateTime"},
                           {"retention.ms", "604800000"}},
                          kWeekMs),
              IsEmpty());
  EXPECT_THAT(topic_risks({{"cleanup.policy", "compact"}}, kWeekMs), SizeIs(1));
  EXPECT_THAT(topic_risks({{"message.timestamp.type", "CreateTime"}, {"retention.ms", "604799999"}},
                          kWeekMs),
              SizeIs(1));
  EXPECT_THAT(
      topic_risks({{"message.timestamp.type", "CreateTime"}, {"retention.ms", "-1"}}, kWeekMs),
      IsEmpty());
  EXPECT_THAT(
      topic_risks({{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "1000"}}, kWeekMs),
      IsEmpty());
}

}  // namespace
}  // namespace meterbill
