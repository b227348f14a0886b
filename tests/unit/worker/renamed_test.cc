// What is shown of two names when a boot of the one is billed under the other: a function of the
// messages and the decision, whatever came first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000;
constexpr const char* kSite = "site";

/// A reading and the time of the record that brings it.
struct Sent {
  ReadingSpec spec;
  std::int64_t recorded_s = 0;  ///< unix seconds
};

std::int64_t unix_s(const char* time) { return parse_utc(time).value().us / kSecond; }

const std::int64_t kSeven = unix_s("2026-11-22T07:00:00Z");
const std::int64_t kTenPast = unix_s("2026-11-22T10:15:00Z");  // the slot in progress

std::string slot_text(std::int64_t unix_s) {
  return to_string(Slot::from_unix_seconds(unix_s).value());
}

void put(WorkerBench& bench, const Sent& sent) {
  Delivery delivery;
  delivery.value = structured(message_of(sent.spec));
  delivery.headers = {{"content-type", "application/cloudevents+json"}};
  delivery.recorded = {sent.recorded_s * kSecond};
  bench.http.put(std::move(delivery));
}

Statement november(WorkerBench& bench, LinesFrom from) {
  const UtcTime now = bench.clock.now().utc;
  const Period month = parse_period("2026-11", *utc_zone(), now).value();
  return bench.queries.statement(bench.ledger, month, std::nullopt, now, from, {}).value();
}

/// Coverage of each name, in seconds.
std::map<std::string, std::string> coverage(WorkerBench& bench) {
  std::map<std::string, std::string> by_name;
  for (const MachineStatement& machine : november(bench, LinesFrom::kTotals).machines) {
    if (!machine.note.coverage) continue;
    const Coverage& cover = *machine.note.coverage;
    by_name[machine.machine.str()] = "metered " + std::to_string(cover.metered_us / kSecond) +
                                     " estimated " + std::to_string(cover.estimated_us / kSecond) +
                                     " off " + std::to_string(cover.off_us / kSecond) +
                                     " missing " + std::to_string(cover.missing_us / kSecond);
  }
  return by_name;
}

/// All that is shown of the two names.
std::string shown(WorkerBench& bench) {
  std::string text = bench.get("/api/v1/machines") + "\n";
  for (const char* name : {"web-1", "web-2"})
    text += bench.get(std::string("/api/v1/machines/") + name) + "\n" + name + " costs " +
            bench.cost(name) + "\n";
  for (const auto& [name, cover] : coverage(bench))
    text.append(name).append(" ").append(cover).append("\n");
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    text += to_string(november(bench, from).exact_total) + "\n";
  return text + bench.usage_csv();
}

Result<void> rename(WorkerBench& bench) {
  return bench.resolve("web-1", "boot-a", Decision::kRename, "web-2");
}

Sent whole_slot(int epoch, const char* machine, const char* boot, const char* slot,
                std::int64_t recorded_s) {
  Sent sent;
  sent.spec.machine = machine;
  sent.spec.epoch = std::string(31, '0') + std::to_string(epoch);
  sent.spec.boot = boot;
  sent.spec.slot = slot;
  sent.spec.from_s = unix_s(slot);
  sent.spec.seconds = 900;
  sent.recorded_s = recorded_s;
  return sent;
}

constexpr const char* kSevenOClock = "2026-11-22T07:00:00Z";
constexpr const char* kEight = "2026-11-22T08:00:00Z";
constexpr const char* kNine = "2026-11-22T09:00:00Z";

TEST(RenamedTest, CoverageDoesNotDependOnWhatCameBeforeTheDecision) {
  const std::vector<Sent> all{whole_slot(1, "web-1", "boot-a", kNine, unix_s(kNine)),
                              whole_slot(1, "web-1", "boot-a", kSevenOClock, unix_s(kSevenOClock)),
                              whole_slot(1, "web-1", "boot-a", kEight, unix_s(kEight))};
  // Twelve slots lie between the first and the one in progress; two of them are covered.
  const std::map<std::string, std::string> want{
      {"web-2", "metered 2700 estimated 0 off 0 missing 9000"}};
  for (std::size_t before = 1; before <= all.size(); ++before) {
    WorkerBench bench;
    for (std::size_t at = 0; at < all.size(); ++at) {
      put(bench, all[at]);
      bench.settle();
      if (at + 1 == before) {
        ASSERT_TRUE(rename(bench));
      }
    }
    EXPECT_EQ(coverage(bench), want) << before;
  }
}

TEST(RenamedTest, ANameIsSeenWhenOneOfItsOwnBootsReports) {
  WorkerBench bench;
  put(bench, whole_slot(2, "web-1", "boot-b", kSevenOClock, unix_s("2026-11-22T07:15:10Z")));
  put(bench, whole_slot(1, "web-1", "boot-a", kEight, unix_s("2026-11-22T08:15:10Z")));
  bench.settle();
  ASSERT_TRUE(rename(bench));
  put(bench, whole_slot(1, "web-1", "boot-a", kNine, unix_s("2026-11-22T09:15:10Z")));
  bench.settle();
  const std::string one = bench.get("/api/v1/machines/web-1");
  EXPECT_THAT(one, HasSubstr(R"("last_seen":"2026-11-22T07:15:10Z",)"
                             R"("first_slot":"2026-11-22T07:00:00Z",)"
                             R"("last_slot":"2026-11-22T07:00:00Z")"));
  const std::string other = bench.get("/api/v1/machines/web-2");
  EXPECT_THAT(other, HasSubstr(R"("last_seen":"2026-11-22T09:15:10Z",)"
                               R"("first_slot":"2026-11-22T08:00:00Z",)"
                               R"("last_slot":"2026-11-22T09:00:00Z")"));
}

TEST(RenamedTest, TheOldNameSaysWhereABootWentAndTheNewOneFromWhere) {
  WorkerBench bench;
  Sent sent = whole_slot(1, "web-1", "boot-a", kEight, unix_s(kEight));
  sent.spec.labels = {{kSite, "lab-3"}};
  put(bench, sent);
  bench.settle();
  ASSERT_TRUE(rename(bench));
  const std::string one = bench.get("/api/v1/machines/web-1");
  EXPECT_THAT(one, HasSubstr(R"({"boot_id":"boot-a","epochs":1,"in_conflict":false,)"
                             R"("decision":"rename","renamed_to":"web-2"})"));
  for (const char* gone : {"last_seen", "first_slot", "last_slot", "lab-3"})
    EXPECT_THAT(one, Not(HasSubstr(gone))) << "nothing is billed to it any more";
  EXPECT_THAT(one, HasSubstr(R"("cpu_usage_percent":"")"));
  const std::string other = bench.get("/api/v1/machines/web-2");
  EXPECT_THAT(other, HasSubstr(R"({"boot_id":"boot-a","epochs":1,"in_conflict":false,)"
                               R"("decision":"rename","renamed_from":"web-1"})"));
  EXPECT_THAT(other, HasSubstr(R"("labels":{"site":"lab-3"})"));
  EXPECT_THAT(other, HasSubstr(R"("cpu_usage_percent":"12.3")"));
  const auto machines = november(bench, LinesFrom::kTotals).machines;
  for (const MachineStatement& machine : machines)
    EXPECT_EQ(machine.note.coverage.has_value(), machine.machine.str() == "web-2")
        << machine.machine.str();
}

TEST(RenamedTest, ANameThatNothingIsBilledToIsNotSilent) {
  WorkerBench bench;
  put(bench, whole_slot(1, "web-1", "boot-a", kEight, unix_s("2026-11-22T08:15:00Z")));
  bench.settle();
  EXPECT_THAT(bench.get("/api/v1/status"), HasSubstr(R"("silent":["web-1"])"));
  ASSERT_TRUE(rename(bench));
  EXPECT_THAT(bench.get("/api/v1/status"), HasSubstr(R"("silent":["web-2"])"));
}

TEST(RenamedTest, ADecisionThatIsTakenBackGivesTheBootBack) {
  WorkerBench bench;
  put(bench, whole_slot(1, "web-1", "boot-a", kEight, unix_s(kEight)));
  bench.settle();
  const auto cover = coverage(bench);
  const std::string before = bench.get("/api/v1/machines/web-1");
  ASSERT_TRUE(rename(bench));
  put(bench, whole_slot(3, "web-2", "boot-a", kNine, unix_s(kNine)));
  bench.settle();
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kKeep));
  EXPECT_EQ(coverage(bench).at("web-1"), cover.at("web-1"));
  EXPECT_EQ(coverage(bench).at("web-2"), "metered 900 estimated 0 off 0 missing 3600");
  EXPECT_EQ(bench.get("/api/v1/machines/web-1").substr(0, before.find("\"boots\"")),
            before.substr(0, before.find("\"boots\"")));
  EXPECT_THAT(
      bench.get("/api/v1/machines/web-2"),
      HasSubstr(R"("last_seen":"2026-11-22T09:00:00Z","first_slot":"2026-11-22T09:00:00Z")"));
}

TEST(RenamedTest, ASlotOfTwoSourcesIsCoveredOnce) {
  // The agent was given the new name in the middle of the slot, and the host clock was set back.
  WorkerBench bench;
  Sent old_name = whole_slot(1, "web-1", "boot-a", kEight, unix_s(kEight));
  put(bench, whole_slot(1, "web-1", "boot-a", kSevenOClock, unix_s(kSevenOClock)));
  old_name.spec.seconds = 500;
  old_name.spec.estimated_s = 100;
  put(bench, old_name);
  bench.settle();
  ASSERT_TRUE(rename(bench));
  Sent new_name = whole_slot(3, "web-2", "boot-a", kEight, unix_s(kEight));
  new_name.spec.from_s += 600;
  new_name.spec.seconds = 350;
  new_name.spec.off_s = 200;
  put(bench, new_name);
  bench.settle();
  // 07:15 to 10:00 are twelve slots, of which the one at 8:00 is covered wholly.
  EXPECT_EQ(coverage(bench).at("web-2"), "metered 1750 estimated 50 off 0 missing 9900");
}

TEST(RenamedTest, FactsOfAnOlderLedgerAreDerivedAnew) {
  WorkerBench bench;
  put(bench, whole_slot(1, "web-1", "boot-a", kEight, unix_s(kEight)));
  put(bench, whole_slot(2, "web-1", "boot-b", kNine, unix_s(kNine)));
  bench.settle();
  ASSERT_TRUE(rename(bench));
  const std::string today = shown(bench);
  WriteSet older;  // which copied what it knew of the old name
  older.machines = bench.ledger.machines().value();
  for (auto& [key, facts] : older.machines) {
    facts.first_slot = Slot::parse(kEight).value();
    facts.last_slot = Slot::parse(kNine).value();
  }
  ASSERT_TRUE(bench.ledger.commit(older, {}));
  ASSERT_NE(shown(bench), today);
  ASSERT_TRUE(bench.ledger.replace_totals({}, "", {}));
  WorkerBench reopened(bench.ledger.state());
  EXPECT_EQ(shown(reopened), today);
}

/// Random histories of a boot to be renamed, another one of the same name, and an agent that later
/// reports under the new name itself.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    add_epoch(1, "web-1", "boot-a");
    add_epoch(2, "web-1", "boot-b");
    add_epoch(3, "web-2", "boot-c");
  }

  [[nodiscard]] const std::vector<Sent>& all() const { return all_; }

  /// Another order: one message of the boot to be renamed, then the decision (none), and no
  /// message under the new name before it.
  [[nodiscard]] std::vector<std::optional<Sent>> reordered() {
    std::vector<Sent> left = all_;
    std::ranges::shuffle(left, random_);
    const auto first = std::ranges::find(left, "boot-a", [](const Sent& s) { return s.spec.boot; });
    std::vector<std::optional<Sent>> order{*first};
    left.erase(first);
    for (std::int64_t early = below(static_cast<std::int64_t>(left.size())); early > 0; --early) {
      const auto next =
          std::ranges::find_if(left, [](const Sent& sent) { return sent.spec.machine == "web-1"; });
      if (next == left.end()) break;
      order.emplace_back(*next);
      left.erase(next);
    }
    order.emplace_back(std::nullopt);
    order.insert(order.end(), left.begin(), left.end());
    return order;
  }

  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }

 private:
  void add_epoch(int number, const char* machine, const char* boot) {
    Sent sent;
    sent.spec.machine = machine;
    sent.spec.boot = boot;
    sent.spec.epoch = std::string(31, '0') + std::to_string(number);
    sent.spec.labels = {{kSite, boot}};
    for (std::int64_t count = 1 + below(4); count > 0; --count) {
      const std::int64_t slot = kSeven + 900 * below(8);
      sent.spec.slot = slot_text(slot);
      sent.spec.from_s = slot;
      sent.spec.seconds = below(300);
      sent.spec.estimated_s = 1 + below(100);
      sent.spec.off_s = below(700);
      for (int growth = 0; growth < 2; ++growth) {
        sent.spec.seconds += below(250);
        sent.spec.cpu_s = sent.spec.seconds;
        sent.spec.cpu_percent = std::to_string(below(100));
        sent.recorded_s = slot + below(3'600);
        all_.push_back(sent);
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<Sent> all_;
};

/// What must be shown of one name, counted from the messages alone.
struct Recount {
  struct Slice {
    std::int64_t metered = 0;
    std::int64_t estimated = 0;
    std::int64_t off = 0;
  };
  std::map<std::int64_t, std::map<std::string, Slice>> slots;  ///< by unix seconds and epoch
  std::int64_t last_seen = 0;

  void add(const Sent& sent) {
    Slice& slice = slots[unix_s(sent.spec.slot.c_str())][sent.spec.epoch];
    slice.metered = std::max(slice.metered, sent.spec.seconds);
    slice.estimated = std::max(slice.estimated, sent.spec.estimated_s);
    slice.off = std::max(slice.off, sent.spec.off_s);
    last_seen = std::max(last_seen, sent.recorded_s);
  }

  [[nodiscard]] std::string coverage() const {
    std::int64_t metered = 0;
    std::int64_t estimated = 0;
    std::int64_t off = 0;
    std::int64_t missing = 0;
    const std::int64_t first = slots.begin()->first;
    for (std::int64_t slot = first; slot < kTenPast; slot += 900) {
      Slice sum;
      const auto found = slots.find(slot);
      if (found != slots.end())
        for (const auto& [epoch, slice] : found->second)
          sum = {sum.metered + slice.metered, sum.estimated + slice.estimated, sum.off + slice.off};
      sum.metered = std::min<std::int64_t>(sum.metered, 900);
      sum.estimated = std::min(sum.estimated, 900 - sum.metered);
      sum.off = std::min(sum.off, 900 - sum.metered - sum.estimated);
      metered += sum.metered;
      estimated += sum.estimated;
      off += sum.off;
      if (slot > first) missing += 900 - sum.metered - sum.estimated - sum.off;
    }
    return "metered " + std::to_string(metered) + " estimated " + std::to_string(estimated) +
           " off " + std::to_string(off) + " missing " + std::to_string(missing);
  }

  [[nodiscard]] std::string times() const {
    return R"("last_seen":")" + to_string(UtcTime{last_seen * kSecond}) + R"(","first_slot":")" +
           slot_text(slots.begin()->first) + R"(","last_slot":")" +
           slot_text(slots.rbegin()->first) + "\"";
  }
};

TEST(RenamedTest, EverythingShownIsAFunctionOfMessagesAndDecision) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    std::map<std::string, Recount> recount;
    for (const Sent& sent : history.all())
      recount[sent.spec.boot == "boot-b" ? "web-1" : "web-2"].add(sent);
    std::string want;
    for (int round = 0; round < 4; ++round) {
      auto bench = std::make_unique<WorkerBench>();
      for (const auto& step : history.reordered()) {
        if (step) put(*bench, *step);
        if (!step || history.below(3) == 0) bench->settle();
        if (!step) {
          ASSERT_TRUE(rename(*bench));
        }
        if (history.below(6) > 0) continue;
        bench->settle();
        if (history.below(2) == 0) {
          ASSERT_TRUE(bench->ledger.replace_totals({}, "", {}));
        }
        bench = std::make_unique<WorkerBench>(bench->ledger.state());
      }
      bench->settle();
      for (const auto& [name, expected] : recount) {
        EXPECT_EQ(coverage(*bench)[name], expected.coverage()) << name;
        EXPECT_THAT(bench->get("/api/v1/machines/" + name), HasSubstr(expected.times()));
      }
      if (want.empty()) want = shown(*bench);
      EXPECT_EQ(shown(*bench), want);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace meterbill
