#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/spool.h"

namespace meterbill {

/// One kind of spool under test.
class SpoolBench {
 public:
  virtual ~SpoolBench() = default;
  virtual Spool& spool() = 0;
  /// As after a restart of the agent.
  virtual void reopen() = 0;
};

struct SpoolKind {
  std::string name;
  std::function<std::unique_ptr<SpoolBench>()> make;
};

inline void PrintTo(const SpoolKind& kind, std::ostream* out) { *out << kind.name; }

/// What every spool must do. Instantiate with the kinds to test.
class SpoolContract : public testing::TestWithParam<SpoolKind> {
 protected:
  static constexpr std::int64_t kHour = std::int64_t{3'600} * 1'000'000;

  static UtcTime time(const char* text) { return parse_utc(text).value(); }
  static Slot slot(const char* text) { return Slot::containing(time(text)); }

  static Epoch epoch(int number) {
    return {.id = EpochId(fmt::format("{:032x}", number)),
            .boot = BootId("boot-1"),
            .labels = {{"site", "lab-3"}, {"rack", "a=b,c"}},
            .started = slot("2026-11-22T10:00:00Z"),
            .machine = MachineId("web-1")};
  }
  static Reading reading(const char* at, std::int64_t cpu, const char* scope = "machine") {
    Reading reading;
    reading.slot = slot(at);
    reading.scope = ScopeName(scope);
    reading.used = {{MeterName("cpu"), cpu}, {MeterName("uptime"), INT64_MAX}};
    if (reading.scope == machine_scope())
      reading.cover =
          Cover{.from_us = 1, .to_us = cpu, .metered_us = 3, .estimated_us = 4, .off_us = 5};
    return reading;
  }
  static TickRecord tick(std::vector<EpochTotals> epochs, const char* current) {
    return {.epochs = std::move(epochs),
            .current = slot(current),
            .ended = false,
            .checkpoint = {.boot = BootId("boot-1"),
                           .at = {.utc = time(current), .monotonic_us = 7, .boot_us = 8},
                           .cpu_busy_us = 9,
                           .cores = 2,
                           .memory_total_kib = 11,
                           .memory_rest = 12,
                           .memory_capacity_rest = 13,
                           .end = EndMark::kHost}};
  }

  Spool& spool() { return bench_->spool(); }
  void reopen() { bench_->reopen(); }

  void save(const TickRecord& record) {
    const auto saved = spool().save(record);
    ASSERT_TRUE(saved) << saved.error().message;
  }
  /// All that waits in the afternoon of the day.
  std::vector<PendingRow> pending(std::size_t limit = 1'000) {
    auto rows = spool().pending(limit, time("2026-11-22T18:00:00Z"));
    EXPECT_TRUE(rows);
    return rows ? std::move(rows).value() : std::vector<PendingRow>();
  }
  static std::vector<RowVersion> versions(const std::vector<PendingRow>& rows) {
    std::vector<RowVersion> found;
    found.reserve(rows.size());
    for (const PendingRow& row : rows) found.push_back(row.row_version());
    return found;
  }
  void acknowledge_all(const char* at = "2026-11-22T10:00:00Z") {
    ASSERT_TRUE(spool().acknowledge(versions(pending()), time(at)));
  }

 private:
  std::unique_ptr<SpoolBench> bench_ = GetParam().make();
};

TEST_P(SpoolContract, AFreshOneHasNoPast) {
  const auto past = spool().load();
  ASSERT_TRUE(past);
  EXPECT_FALSE(past.value().checkpoint);
  EXPECT_TRUE(past.value().epochs.empty());
  EXPECT_TRUE(pending().empty());
}

TEST_P(SpoolContract, ATickSurvivesARestartWhole) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  reopen();
  const auto past = spool().load();
  ASSERT_TRUE(past && past.value().checkpoint);
  const Checkpoint& checkpoint = *past.value().checkpoint;
  EXPECT_EQ(checkpoint.boot, BootId("boot-1"));
  EXPECT_EQ(checkpoint.at.utc, time("2026-11-22T10:00:00Z"));
  EXPECT_EQ(checkpoint.at.monotonic_us, 7);
  EXPECT_EQ(checkpoint.at.boot_us, 8);
  EXPECT_EQ(checkpoint.cpu_busy_us, 9);
  EXPECT_EQ(checkpoint.cores, 2);
  EXPECT_EQ(checkpoint.memory_total_kib, 11);
  EXPECT_EQ(checkpoint.memory_rest, 12);
  EXPECT_EQ(checkpoint.memory_capacity_rest, 13);
  EXPECT_EQ(checkpoint.end, EndMark::kHost);
  EXPECT_EQ(past.value().epochs, std::vector<Epoch>{epoch(1)});
  const auto rows = pending();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].epoch, epoch(1));
  EXPECT_EQ(rows[0].reading, reading("2026-11-22T10:00:00Z", 5));
}

TEST_P(SpoolContract, WhatWasAcknowledgedIsNotSentAgainAfterARestart) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  acknowledge_all();
  reopen();
  EXPECT_TRUE(pending().empty());
}

TEST_P(SpoolContract, AnAcknowledgementCountsForTheVersionThatWasSent) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  const auto sent = pending();
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:00:00Z"));
  ASSERT_TRUE(spool().acknowledge(versions(sent), time("2026-11-22T10:01:00Z")));
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].reading.used.at(MeterName("cpu")), 6);
  acknowledge_all();
  EXPECT_TRUE(pending().empty());
}

TEST_P(SpoolContract, AnOldAcknowledgementNeverTakesANewerOneBack) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  const auto old = versions(pending());
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:00:00Z"));
  acknowledge_all();
  ASSERT_TRUE(spool().acknowledge(old, time("2026-11-22T10:01:00Z")));
  EXPECT_TRUE(pending().empty());
}

TEST_P(SpoolContract, ASlotThatEndedIsFinalAndSaysHowManyScopesItHas) {
  save(tick({{epoch(1),
              {reading("2026-11-22T10:00:00Z", 5), reading("2026-11-22T10:00:00Z", 2, "service:a"),
               reading("2026-11-22T10:00:00Z", 3, "unattributed")}}},
            "2026-11-22T10:00:00Z"));
  acknowledge_all();
  save(tick({{epoch(1), {reading("2026-11-22T10:15:00Z", 1)}}}, "2026-11-22T10:15:00Z"));
  const auto rows = pending();
  ASSERT_EQ(rows.size(), 4U);  // the acknowledged ones wait again: they became final
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(rows[i].reading.final);
    EXPECT_EQ(rows[i].reading.scopes, rows[i].reading.scope == machine_scope() ? 3 : 0);
  }
  EXPECT_FALSE(rows[3].reading.final);
}

TEST_P(SpoolContract, RowsOfAnEndedEpochAreFinalAtOnce) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  save(tick({{epoch(2), {reading("2026-11-22T10:00:00Z", 1)}}}, "2026-11-22T10:00:00Z"));
  const auto rows = pending();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].reading.final);
  EXPECT_EQ(rows[0].reading.scopes, 1);
  EXPECT_FALSE(rows[1].reading.final);
}

TEST_P(SpoolContract, WhenTheAgentStopsEveryRowIsFinal) {
  TickRecord record =
      tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z");
  record.ended = true;
  save(record);
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_TRUE(pending()[0].reading.final);
}

TEST_P(SpoolContract, FinalDoesNotForbidGrowth) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:15:00Z"));
  acknowledge_all();
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:15:00Z"));
  const auto rows = pending();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].reading.final);
  EXPECT_EQ(rows[0].reading.scopes, 1);
  EXPECT_EQ(rows[0].reading.used.at(MeterName("cpu")), 6);
}

TEST_P(SpoolContract, OldestEpochsComeFirstThenSlotsUpToTheLimit) {
  save(tick({{epoch(9), {reading("2026-11-22T10:15:00Z", 5)}},
             {epoch(3),
              {reading("2026-11-22T10:00:00Z", 1), reading("2026-11-22T09:45:00Z", 1),
               reading("2026-11-22T09:45:00Z", 1, "a:b")}}},
            "2026-11-22T10:15:00Z"));
  std::vector<std::string> order;
  for (const PendingRow& row : pending())
    order.push_back(row.epoch.id.str().substr(31) + to_string(row.reading.slot).substr(10, 6) +
                    row.reading.scope.str());
  EXPECT_EQ(order, (std::vector<std::string>{"9T10:15machine", "3T09:45a:b", "3T09:45machine",
                                             "3T10:00machine"}));
  EXPECT_EQ(pending(2).size(), 2U);
}

TEST_P(SpoolContract, ASlotAheadOfTheClockWaitsUntilItIsThere) {
  save(tick({{epoch(1), {reading("2026-11-22T13:00:00Z", 5)}}}, "2026-11-22T13:00:00Z"));
  EXPECT_TRUE(spool().pending(10, time("2026-11-22T12:59:59Z")).value().empty());
  EXPECT_EQ(spool().pending(10, time("2026-11-22T13:00:00Z")).value().size(), 1U);
}

TEST_P(SpoolContract, AcknowledgedFinalRowsAreSentOnceMoreAfterTwoDaysThenDropped) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:15:00Z"));
  acknowledge_all("2026-11-22T10:16:00Z");
  EXPECT_EQ(spool().repeat_old(time("2026-11-24T10:15:59Z")).value(), 0);
  EXPECT_EQ(spool().repeat_old(time("2026-11-24T10:16:00Z")).value(), 1);
  EXPECT_EQ(pending().size(), 1U);
  EXPECT_EQ(spool().counts().value().kept, 1);
  acknowledge_all("2026-11-24T10:17:00Z");
  EXPECT_EQ(spool().counts().value().kept, 0);
}

TEST_P(SpoolContract, AnEpochKeepsItsMachineWhateverOneALaterRunHas) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  reopen();
  Epoch renamed = epoch(2);
  renamed.machine = MachineId("web-2");
  save(tick({{renamed, {reading("2026-11-22T10:00:00Z", 7)}}}, "2026-11-22T10:00:00Z"));
  const auto machines = [&] {
    std::vector<std::string> found;
    for (const PendingRow& row : pending()) found.push_back(row.epoch.machine.str());
    return found;
  };
  const std::vector<std::string> both{"web-1", "web-2"};
  EXPECT_EQ(machines(), both);
  acknowledge_all("2026-11-22T10:16:00Z");
  EXPECT_EQ(spool().offer_again().value(), 2);
  EXPECT_EQ(machines(), both);
  save(tick({{renamed, {}}}, "2026-11-22T10:15:00Z"));
  acknowledge_all("2026-11-22T10:16:00Z");
  EXPECT_EQ(spool().repeat_old(time("2026-11-24T10:16:00Z")).value(), 2);
  EXPECT_EQ(machines(), both);
  EXPECT_EQ(spool().load().value().epochs, (std::vector<Epoch>{renamed, epoch(1)}));
}

TEST_P(SpoolContract, RowsThatCanGrowAreNotRepeated) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  acknowledge_all("2026-11-22T10:01:00Z");
  EXPECT_EQ(spool().repeat_old(time("2026-12-22T10:00:00Z")).value(), 0);
}

TEST_P(SpoolContract, ARowSetAsideIsShownAndNotSentUntilItIsFinal) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  const auto rows = versions(pending());
  ASSERT_TRUE(spool().set_aside(rows[0], "HTTP 400: no", time("2026-11-22T10:01:00Z")));
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(spool().counts().value().aside, 1);
  EXPECT_EQ(spool().counts().value().waiting, 0);
  const auto aside = spool().aside(10).value();
  ASSERT_EQ(aside.size(), 1U);
  EXPECT_EQ(aside[0].key, rows[0].key);
  EXPECT_EQ(aside[0].reason, "HTTP 400: no");
  EXPECT_EQ(aside[0].since, time("2026-11-22T10:01:00Z"));
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:00:00Z"));
  EXPECT_TRUE(pending().empty());
  save(tick({{epoch(1), {}}}, "2026-11-22T10:15:00Z"));
  EXPECT_EQ(pending().size(), 1U);
  EXPECT_TRUE(spool().aside(10).value().empty());
}

TEST_P(SpoolContract, AnOldVersionIsNotSetAside) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  const auto rows = versions(pending());
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:00:00Z"));
  const auto aside = spool().set_aside(rows[0], "no", time("2026-11-22T10:01:00Z"));
  ASSERT_FALSE(aside);
  EXPECT_EQ(aside.error().code, Code::kNotFound);
  EXPECT_EQ(pending().size(), 1U);
}

TEST_P(SpoolContract, SendAgainOffersAllKeptRows) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5), reading("2026-11-22T10:15:00Z", 5)}}},
            "2026-11-22T10:15:00Z"));
  const auto rows = versions(pending());
  ASSERT_TRUE(spool().acknowledge(std::vector<RowVersion>{rows[0]}, time("2026-11-22T10:15:00Z")));
  ASSERT_TRUE(spool().set_aside(rows[1], "no", time("2026-11-22T10:15:00Z")));
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(spool().offer_again().value(), 2);
  EXPECT_EQ(pending().size(), 2U);
}

TEST_P(SpoolContract, CountsSayWhatWaitsAndSinceWhen) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5), reading("2026-11-22T10:15:00Z", 5)}}},
            "2026-11-22T10:15:00Z"));
  EXPECT_EQ(spool().counts().value().waiting, 2);
  EXPECT_EQ(spool().counts().value().oldest, time("2026-11-22T10:00:00Z"));
  acknowledge_all();
  EXPECT_EQ(spool().counts().value().waiting, 0);
  EXPECT_EQ(spool().counts().value().kept, 2);
  EXPECT_EQ(spool().counts().value().oldest, std::nullopt);
}

TEST_P(SpoolContract, OfferingChangesNothingThatIsSeen) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  ASSERT_TRUE(spool().mark_offered(versions(pending())));
  EXPECT_EQ(pending().size(), 1U);
}

TEST_P(SpoolContract, ANewBeginningIsEmptyAndTakesTheNextTick) {
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 5)}}}, "2026-11-22T10:00:00Z"));
  const auto kept = spool().begin_anew(time("2026-11-22T10:01:00Z"));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_TRUE(pending().empty());
  EXPECT_FALSE(spool().load().value().checkpoint);
  save(tick({{epoch(1), {reading("2026-11-22T10:00:00Z", 6)}}}, "2026-11-22T10:00:00Z"));
  EXPECT_EQ(pending().size(), 1U);
  reopen();
  EXPECT_EQ(pending().size(), 1U);
}

/// What a spool with room for a few hundred rows must do besides. Instantiate with small ones.
class FullSpoolContract : public SpoolContract {
 protected:
  using Parts = std::map<ScopeName, std::int64_t>;

  /// A tick of a slot in which each of the parts has used so much, and a view as much as all.
  void tick_parts(Slot slot, const Parts& parts) {
    const std::string at = to_string(slot);
    EpochTotals totals{epoch(1), {}};
    std::int64_t sum = 0;
    for (const auto& [scope, cpu] : parts) {
      totals.readings.push_back(reading(at.c_str(), cpu, scope.str().c_str()));
      totals.readings.back().used.erase(MeterName("uptime"));
      sum += cpu;
    }
    totals.readings.push_back(reading(at.c_str(), sum));
    totals.readings.push_back(reading(at.c_str(), sum, "view:all"));
    save(tick({std::move(totals)}, at.c_str()));
  }
  /// What the spool holds of a slot, all of which waits.
  Parts rows_of(Slot slot) {
    Parts rows;
    for (const PendingRow& row : pending(100'000))
      if (row.reading.slot == slot)
        rows.emplace(row.reading.scope, row.reading.used.at(MeterName("cpu")));
    return rows;
  }
};

TEST_P(FullSpoolContract, NewScopesBeginInOtherAndNoScopeChangesItsPlace) {
  constexpr int kSlots = 12;
  constexpr int kTicks = 8;  // of a slot, each with kNew new scopes; all grow in each
  constexpr int kNew = 10;
  constexpr int kRoomSlot = 8;  // in its middle all older rows are acknowledged
  const ScopeName other{"other"};
  std::int64_t in_other_of_room_slot = 0;
  std::int64_t own_after_room = 0;
  for (int number = 0; number < kSlots; ++number) {
    const Slot now = slot("2026-11-22T08:00:00Z").plus(number);
    Parts truth;
    std::map<ScopeName, bool> is_own;  // where each was seen first
    for (int i = 0; i < kTicks; ++i) {
      if (number == kRoomSlot && i == kTicks / 2) {
        in_other_of_room_slot =
            std::ranges::count_if(is_own, [](const auto& entry) { return !entry.second; });
        acknowledge_all();
      }
      for (int n = 0; n < kNew; ++n)
        truth.emplace(fmt::format("service:{:030}", truth.size()), 1'000'000);
      std::int64_t sum = 0;
      for (auto& [scope, cpu] : truth) sum += ++cpu;
      tick_parts(now, truth);
      const Parts rows = rows_of(now);
      ASSERT_TRUE(spool().mark_offered(versions(pending(100'000))));
      EXPECT_EQ(rows.at(machine_scope()), sum);
      EXPECT_EQ(rows.at(ScopeName("view:all")), sum);
      std::int64_t parts = rows.contains(other) ? rows.at(other) : 0;
      for (const auto& [scope, cpu] : truth) {
        const bool own = rows.contains(scope);
        const bool is_new = is_own.emplace(scope, own).second;
        EXPECT_EQ(is_own.at(scope), own) << to_string(now) << ' ' << scope.str();
        if (is_new && own && number == kRoomSlot && i >= kTicks / 2) ++own_after_room;
        if (!own) continue;
        EXPECT_EQ(rows.at(scope), cpu);
        parts += cpu;
      }
      EXPECT_EQ(parts, sum) << to_string(now);
    }
  }
  EXPECT_GT(in_other_of_room_slot, 0);
  EXPECT_GT(own_after_room, 0);
}

TEST_P(FullSpoolContract, MoreNewScopesThanFitAtOnceBeginInOther) {
  const Slot first = slot("2026-11-22T08:00:00Z");
  Parts parts;
  for (int n = 0; n < 3'000; ++n) parts.emplace(fmt::format("service:{:030}", n), 10);
  tick_parts(first, parts);
  const Parts want{
      {machine_scope(), 30'000}, {ScopeName("other"), 30'000}, {ScopeName("view:all"), 30'000}};
  EXPECT_EQ(rows_of(first), want);
}

TEST_P(FullSpoolContract, OtherGrowsOnWhenItWasReportedBefore) {
  const Slot first = slot("2026-11-22T08:00:00Z");
  const Parts some{{ScopeName("other"), 7}, {ScopeName("service:a"), 5}};
  tick_parts(first, some);
  // Rows of an older epoch fill it up; none of them is acknowledged, all are known outside.
  for (int i = 0; !spool().counts().value().tight; ++i) {
    ASSERT_LT(i, 100);
    EpochTotals old{epoch(0), {}};
    for (int n = 0; n < 50; ++n)
      old.readings.push_back(
          reading("2026-11-22T07:00:00Z", 1, fmt::format("service:{:030}", i * 50 + n).c_str()));
    save(tick({std::move(old), {epoch(1), {}}}, to_string(first).c_str()));
    ASSERT_TRUE(spool().mark_offered(versions(pending(100'000))));
  }
  Parts more = some;
  more.emplace("service:b", 100);
  tick_parts(first, more);
  more[ScopeName("other")] = 9;
  more[ScopeName("service:a")] = 6;
  more[ScopeName("service:b")] = 300;
  tick_parts(first, more);
  const Parts want{{machine_scope(), 315},
                   {ScopeName("other"), 309},
                   {ScopeName("service:a"), 6},
                   {ScopeName("view:all"), 315}};
  EXPECT_EQ(rows_of(first), want);
}

}  // namespace meterbill
