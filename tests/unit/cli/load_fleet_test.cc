#include "cli/load_fleet.h"

#include <gmock/gmock.h>

#include <set>

#include "domain/slot.h"
#include "wire/decode.h"
#include "wire/encode.h"

namespace meterbill {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kSecond = 1'000'000;

UtcTime at(const char* text) { return parse_utc(text).value(); }

Delivery delivery_of(const OutgoingMessage& message, UtcTime recorded) {
  return {
      .key = message.key, .value = message.value, .headers = message.headers, .recorded = recorded};
}

/// What a machine sends, as a worker reads it; fails the test when a worker would not.
std::vector<ReadingMessage> sent(LoadFleet& fleet, std::int64_t index, UtcTime now,
                                 bool is_last = false) {
  std::vector<OutgoingMessage> messages;
  fleet.append_messages(index, now, is_last, messages);
  std::vector<ReadingMessage> read;
  for (const OutgoingMessage& message : messages) {
    Message decoded = decode(delivery_of(message, now), Route::kKafka);
    auto* reading = std::get_if<ReadingMessage>(&decoded);
    if (reading == nullptr) {
      ADD_FAILURE() << message.value;
      continue;
    }
    for (const ReadingItem& item : reading->items) {
      const auto* one = std::get_if<Reading>(&item);
      EXPECT_NE(one, nullptr) << message.value;
      if (one == nullptr) continue;
      const auto wrong = implausible(*one);
      EXPECT_FALSE(wrong.has_value()) << wrong->detail;
      EXPECT_FALSE(untimely(one->slot, now, now).has_value());
    }
    read.push_back(std::move(*reading));
  }
  return read;
}

std::vector<Reading> readings(const ReadingMessage& message) {
  std::vector<Reading> all;
  for (const ReadingItem& item : message.items) all.push_back(std::get<Reading>(item));
  return all;
}

TEST(LoadFleetTest, EveryMachineSendsWhatAWorkerTakes) {
  LoadFleet fleet({.agents = 200, .scopes = 3, .prefix = "x-", .seed = 5},
                  at("2026-11-22T10:14:50Z"));
  std::set<std::string> epochs;
  std::set<std::string> boots;
  for (std::int64_t index = 0; index < fleet.size(); ++index) {
    const auto messages = sent(fleet, index, at("2026-11-22T10:14:51Z"));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].machine, fleet.machine(index));
    EXPECT_EQ(messages[0].items.size(), 4U);
    epochs.insert(messages[0].epoch.str());
    boots.insert(messages[0].boot.str());
  }
  EXPECT_EQ(fleet.machine(0).str(), "x-000001");
  EXPECT_EQ(epochs.size(), 200U);
  EXPECT_EQ(boots.size(), 200U);
}

TEST(LoadFleetTest, TotalsGrowAndPartsStayWithinTheWhole) {
  LoadFleet fleet({.agents = 1, .scopes = 7}, at("2026-11-22T10:00:00.300Z"));
  std::int64_t before = 0;
  for (std::int64_t second = 1; second < 800; second += 13) {
    const UtcTime now{at("2026-11-22T10:00:00Z").us + second * kSecond};
    const auto messages = sent(fleet, 0, now);
    const std::vector<Reading> all = readings(messages.at(0));
    const std::int64_t whole = all.at(0).used.at(MeterName{"cpu"});
    EXPECT_GT(whole, before);
    before = whole;
    std::int64_t parts = 0;
    for (std::size_t i = 1; i < all.size(); ++i) parts += all[i].used.at(MeterName{"cpu"});
    EXPECT_GT(parts, 0);
    EXPECT_LE(parts, whole);
    EXPECT_EQ(all[0].cover->metered_us, second * kSecond - 300'000);
    fleet.confirm(0, now);
  }
}

TEST(LoadFleetTest, TheLastReadingOfASlotIsRepeatedUntilItIsConfirmed) {
  LoadFleet fleet({.agents = 1, .scopes = 1}, at("2026-11-22T10:14:58Z"));
  const auto slots_at = [&](const char* now, bool is_last = false) {
    std::vector<std::string> slots;
    for (const ReadingMessage& message : sent(fleet, 0, at(now), is_last))
      for (const Reading& reading : readings(message))
        if (reading.cover)
          slots.push_back(to_string(reading.slot) + (reading.final ? " final" : "") + " of " +
                          std::to_string(reading.scopes));
    return slots;
  };
  const std::string quarter = "2026-11-22T10:00:00Z", half = "2026-11-22T10:15:00Z";
  EXPECT_THAT(slots_at("2026-11-22T10:14:59Z"), ElementsAre(quarter + " of 0"));
  fleet.confirm(0, at("2026-11-22T10:14:59Z"));
  EXPECT_THAT(slots_at("2026-11-22T10:15:00Z"), ElementsAre(quarter + " final of 2"));
  EXPECT_THAT(slots_at("2026-11-22T10:15:01Z"),
              ElementsAre(quarter + " final of 2", half + " of 0"));
  fleet.confirm(0, at("2026-11-22T10:15:01Z"));
  EXPECT_THAT(slots_at("2026-11-22T10:15:02Z"), ElementsAre(half + " of 0"));
  EXPECT_THAT(slots_at("2026-11-22T10:15:03Z", true), ElementsAre(half + " final of 2"));
}

TEST(LoadFleetTest, ASeedIsTheSameMachinesAndEachStartAnEpochOfItsOwn) {
  const LoadFleetSpec spec{.agents = 2, .seed = 11};
  LoadFleet one(spec, at("2026-11-22T10:00:00Z"));
  LoadFleet again(spec, at("2026-11-22T10:00:00Z"));
  LoadFleet later(spec, at("2026-11-22T10:05:00Z"));
  LoadFleet other({.agents = 2, .seed = 12}, at("2026-11-22T10:00:00Z"));
  const UtcTime now = at("2026-11-22T10:06:00Z");
  const ReadingMessage first = sent(one, 1, now).at(0);
  EXPECT_EQ(readings(sent(again, 1, now).at(0)), readings(first));
  const ReadingMessage restarted = sent(later, 1, now).at(0);
  EXPECT_EQ(restarted.boot, first.boot);
  EXPECT_NE(restarted.epoch, first.epoch);
  // No two of its runs claim the same time of the boot's clock.
  EXPECT_EQ(readings(restarted).at(0).cover->from_us - readings(first).at(0).cover->from_us,
            300 * kSecond);
  EXPECT_NE(sent(other, 1, now).at(0).boot, first.boot);
}

TEST(LoadFleetTest, WhatIsConfirmedIsTheTotalOfTheLastReadingOfEachSlot) {
  LoadFleet fleet({.agents = 1, .scopes = 0}, at("2026-11-22T10:14:00Z"));
  EXPECT_TRUE(fleet.confirmed_usage(0).rows.empty());
  const UtcTime now = at("2026-11-22T10:16:00Z");
  std::map<std::pair<std::string, std::string>, std::int64_t> said;
  for (const ReadingMessage& message : sent(fleet, 0, now))
    for (const Reading& reading : readings(message))
      for (const auto& [meter, total] : reading.used)
        said[{to_string(reading.slot), meter.str()}] = total;
  EXPECT_FALSE(fleet.is_confirmed(0, now));
  fleet.confirm(0, now);
  EXPECT_TRUE(fleet.is_confirmed(0, now));
  std::map<std::pair<std::string, std::string>, std::int64_t> rows;
  for (const UsageReportRow& row : fleet.confirmed_usage(0).rows)
    rows[{row.time, row.meter.str()}] = static_cast<std::int64_t>(row.quantity);
  EXPECT_EQ(rows, said);
  EXPECT_EQ(rows.size(), 10U);
}

}  // namespace
}  // namespace meterbill
