#include "wire/encode.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <random>

#include "unit/wire/wire_support.h"

namespace meterbill {
namespace {

const Slot kSlot = Slot::parse("2026-11-22T10:15:00Z").value();

MessageFrame frame() {
  return {.machine = MachineId("web-1"),
          .epoch = EpochId(kEpochText),
          .boot = BootId("8c9d-11"),
          .labels = {{"site", "lab-3"}},
          .sender = EpochId("00000000000000000000000000000002"),
          .sent = parse_utc("2026-11-22T10:20:30.25Z").value(),
          .cpu_usage_percent = "37.5",
          .memory_usage_percent = "61.2"};
}

Reading machine_reading() {
  Reading reading;
  reading.slot = kSlot;
  reading.scope = machine_scope();
  reading.cover = Cover{.from_us = 7'813'456'789,
                        .to_us = 8'123'456'789,
                        .metered_us = 310'000'000,
                        .estimated_us = 0,
                        .off_us = 0};
  reading.final = true;
  reading.scopes = 2;
  reading.used = {{MeterName("cpu"), 123'456'789}, {MeterName("cpu_capacity"), 620'000'000}};
  return reading;
}

Reading part(std::string scope) {
  Reading reading;
  reading.slot = kSlot;
  reading.scope = ScopeName(std::move(scope));
  reading.used = {{MeterName("cpu"), 4567}};
  return reading;
}

TEST(EncodeTest, BytesAreThoseOfTheDesign) {
  const auto messages =
      encode(frame(), std::vector{machine_reading(), part("service:nginx.service")}, 1234);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].first, 0U);
  EXPECT_EQ(messages[0].count, 2U);
  EXPECT_EQ(messages[0].message.key, "web-1");
  EXPECT_EQ(
      messages[0].message.value,
      R"({"machine_id":"web-1","cpu_usage":37.5,"memory_usage":61.2,)"
      R"("epoch":"6f1c0000000000000000000000000001","boot_id":"8c9d-11",)"
      R"("labels":{"site":"lab-3"},"seq":1234,"readings":[)"
      R"({"slot":"2026-11-22T10:15:00Z","scope":"machine","from_us":"7813456789",)"
      R"("to_us":"8123456789","metered_us":"310000000","estimated_us":"0","off_us":"0",)"
      R"("final":true,"scopes":2,"used":{"cpu":"123456789","cpu_capacity":"620000000"}},)"
      R"({"slot":"2026-11-22T10:15:00Z","scope":"service:nginx.service","used":{"cpu":"4567"}}]})");
  EXPECT_EQ(messages[0].message.headers,
            (std::vector<Header>{{"ce_specversion", "1.0"},
                                 {"ce_id", "00000000000000000000000000000002-1234"},
                                 {"ce_source", "urn:meterbill:agent:web-1"},
                                 {"ce_type", "io.meterbill.reading.v1"},
                                 {"ce_time", "2026-11-22T10:20:30.250000Z"},
                                 {"ce_subject", "web-1"},
                                 {"content-type", "application/json"}}));
}

TEST(EncodeTest, StructuredIsOneCloudEvent) {
  const auto messages = encode(frame(), std::vector{part("other")}, 7);
  EXPECT_EQ(structured(messages.at(0).message),
            R"({"specversion":"1.0","id":"00000000000000000000000000000002-7",)"
            R"("source":"urn:meterbill:agent:web-1","type":"io.meterbill.reading.v1",)"
            R"("time":"2026-11-22T10:20:30.250000Z","subject":"web-1",)"
            R"("datacontenttype":"application/json","data":)" +
                messages[0].message.value + "}");
}

TEST(EncodeTest, AConsumerThatKnowsOnlyThePrototypesFieldsReadsThem) {
  const auto messages = encode(frame(), std::vector{machine_reading()}, 1);
  const auto value = boost::json::parse(messages.at(0).message.value).as_object();
  EXPECT_EQ(value.at("machine_id").as_string(), "web-1");
  EXPECT_TRUE(value.at("cpu_usage").is_double());
  EXPECT_TRUE(value.at("memory_usage").is_double());
}

TEST(EncodeTest, PercentagesThatAreNotThereAreLeftOut) {
  MessageFrame without = frame();
  without.cpu_usage_percent.clear();
  without.memory_usage_percent.clear();
  const auto messages = encode(without, std::vector{part("other")}, 1);
  EXPECT_EQ(messages.at(0).message.value.find("usage"), std::string::npos);
}

TEST(EncodeTest, AMessageTakesNoMoreThanAThousandReadings) {
  std::vector<Reading> readings;
  for (int i = 0; i < 1'001; ++i) {
    readings.push_back(part("a:" + std::to_string(i)));
    readings.back().used.clear();
  }
  const auto messages = encode(frame(), readings, 1);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].count, 1'000U);
  EXPECT_EQ(messages[1].count, 1U);
}

TEST(EncodeTest, NoReadingsMakeNoMessage) { EXPECT_TRUE(encode(frame(), {}, 1).empty()); }

void expect_read_back(const Delivery& delivery, const MessageFrame& want, std::int64_t seq,
                      std::span<const Reading> readings) {
  const Message message = decode(delivery, Route::kHttp);
  ASSERT_EQ(outcome(message), "reading");
  const auto& got = std::get<ReadingMessage>(message);
  EXPECT_EQ(got.machine, want.machine);
  EXPECT_EQ(got.epoch, want.epoch);
  EXPECT_EQ(got.boot, want.boot);
  EXPECT_EQ(got.labels, want.labels);
  EXPECT_EQ(got.seq, seq);
  EXPECT_EQ(got.cpu_usage_percent, want.cpu_usage_percent);
  EXPECT_EQ(got.memory_usage_percent, want.memory_usage_percent);
  ASSERT_EQ(got.items.size(), readings.size());
  for (std::size_t i = 0; i < readings.size(); ++i) {
    ASSERT_EQ(outcome(got.items[i]), "reading");
    EXPECT_EQ(std::get<Reading>(got.items[i]), readings[i]);
  }
}

/// Every message within its limit in both forms, in order, and read back as what was given.
void expect_round_trip(const MessageFrame& given, const std::vector<Reading>& readings,
                       std::int64_t seq) {
  std::size_t next = 0;
  for (const EncodedMessage& encoded : encode(given, readings, seq)) {
    ASSERT_EQ(encoded.first, next);
    ASSERT_GT(encoded.count, 0U);
    next += encoded.count;
    const std::string whole = structured(encoded.message);
    EXPECT_LE(encoded.message.value.size(), kValueBytesMax);
    EXPECT_LE(whole.size(), kValueBytesMax);
    const auto carried = std::span(readings).subspan(encoded.first, encoded.count);
    expect_read_back(delivery(encoded.message.value, encoded.message.headers), given, seq, carried);
    expect_read_back(delivery(whole), given, seq, carried);
    ++seq;
  }
  EXPECT_EQ(next, readings.size());
}

TEST(EncodeTest, ManyReadingsFillAsFewMessagesAsThereMustBe) {
  std::vector<Reading> readings{machine_reading()};
  for (int i = 0; i < 2'000; ++i) readings.push_back(part("service:unit-" + std::to_string(i)));
  for (Reading& each : readings)
    each.slot = kSlot.plus((&each - readings.data()) / 900);  // a slot has at most 1,000
  const auto messages = encode(frame(), readings, 1);
  ASSERT_GE(messages.size(), 3U);
  for (std::size_t i = 0; i + 1 < messages.size(); ++i)
    EXPECT_GT(structured(messages[i].message).size(), kValueBytesMax - 200) << "room was left";
  EXPECT_EQ(messages[1].message.headers[1].value, "00000000000000000000000000000002-2");
  expect_round_trip(frame(), readings, 1);
}

TEST(EncodeTest, TheGreatestFrameAndReadingFitIntoAMessage) {
  MessageFrame greatest = frame();
  greatest.machine = MachineId(std::string(128, 'm'));
  greatest.boot = BootId(std::string(64, '"'));
  greatest.labels.clear();
  for (std::size_t i = 0; i < kLabelsMax; ++i)
    greatest.labels[std::string(61, 'k') + std::to_string(10 + i)] = std::string(255, '"');
  Reading reading = machine_reading();
  reading.scope = ScopeName("user:" + std::string(250, '\\'));
  reading.cover.reset();
  reading.scopes = 0;
  reading.used.clear();
  for (std::size_t i = 0; i < kMetersMax; ++i)
    reading.used[MeterName(std::string(30, 'm') + std::to_string(10 + i))] =
        std::numeric_limits<std::int64_t>::max();
  expect_round_trip(greatest, {reading, reading}, std::numeric_limits<std::int64_t>::max() - 9);
}

std::string random_text(std::mt19937_64& random, std::size_t bytes_max) {
  static const std::vector<std::string> kPieces{"a", "Z", "0", " ", "\"",       "\\",
                                                "/", "<", "&", "'", "\xC3\xA4", "\xF0\x9F\x98\x80"};
  std::string text;
  const std::size_t wanted = random() % bytes_max;
  while (text.size() + 4 <= wanted) text += kPieces[random() % kPieces.size()];
  return text;
}

TEST(EncodeTest, WhateverIsWrittenIsReadBackTheSame) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto total = [&] { return static_cast<std::int64_t>(random() >> (1 + random() % 63)); };
    MessageFrame given = frame();
    given.labels.clear();
    for (std::size_t i = random() % 17; i > 0; --i)
      given.labels["k" + std::to_string(i)] = random_text(random, 255);
    if (random() % 2 == 0) given.cpu_usage_percent.clear();
    std::vector<Reading> readings;
    for (std::size_t i = random() % 300; i > 0; --i) {
      Reading reading =
          random() % 4 == 0 ? machine_reading() : part("user:x" + random_text(random, 240));
      reading.slot = kSlot.plus(static_cast<std::int64_t>(random() % 1'000) - 500);
      reading.final = random() % 2 == 0;
      reading.scopes =
          reading.cover && reading.final ? static_cast<std::int64_t>(random() % 1'001) : 0;
      if (reading.cover) reading.cover = Cover{total(), total(), total(), total(), total()};
      reading.used.clear();
      for (std::size_t meter = random() % 8; meter > 0; --meter)
        reading.used[MeterName("m" + std::to_string(meter))] = total();
      readings.push_back(reading);
    }
    expect_round_trip(given, readings, static_cast<std::int64_t>(random() % 1'000'000));
  }
}

}  // namespace
}  // namespace meterbill
