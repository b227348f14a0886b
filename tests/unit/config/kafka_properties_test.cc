#include "config/kafka_properties.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterbill {
namespace {

TEST(KafkaPropertiesTest, WhatLosesMoneyIsDeniedWithAReason) {
  for (const char* name :
       {"enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "enable.idempotence",
        "acks", "request.required.acks", "partitioner", "check.crcs", "isolation.level",
        "message.timeout.ms", "delivery.timeout.ms", "group.id", "transactional.id",
        "delivery.report.only.error", "test.mock.num.brokers"})
    EXPECT_GT(kafka_denial(name).size(), 20U) << name;
}

TEST(KafkaPropertiesTest, EverythingElsePasses) {
  for (const char* name : {"bootstrap.servers", "security.protocol", "sasl.password",
                           "compression.type", "linger.ms", "client.id", "acks.x", ""})
    EXPECT_TRUE(kafka_denial(name).empty()) << name;
}

TEST(KafkaPropertiesTest, TheListIsSortedAndHoldsPropertyNames) {
  const auto denied = denied_kafka_properties();
  EXPECT_TRUE(std::ranges::is_sorted(denied, {}, &DeniedProperty::name));
  for (const DeniedProperty& row : denied) EXPECT_TRUE(is_kafka_property(row.name)) << row.name;
}

TEST(KafkaPropertiesTest, SecretsAreRecognisedEvenWhenMisspelt) {
  for (const char* name :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.pasword", "sasl.passwd",
        "ssl.key.pem", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"})
    EXPECT_TRUE(is_kafka_secret(name)) << name;
  for (const char* name : {"sasl.username", "ssl.ca.location", "ssl.keystore.location",
                           "sasl.oauthbearer.token.endpoint.url", "client.id"})
    EXPECT_FALSE(is_kafka_secret(name)) << name;
}

TEST(KafkaPropertiesTest, NamesAreLowerCaseWithDots) {
  EXPECT_TRUE(is_kafka_property("bootstrap.servers"));
  for (const char* name : {"", ".a", "a.", "A", "a_b", "a-b", "a b"})
    EXPECT_FALSE(is_kafka_property(name)) << name;
}

}  // namespace
}  // namespace meterbill
