// Which names boots may be renamed to, and what is left of a name when none is any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000;

/// A boot that used so much cpu in a slot of its own, the hour's, so that none conflict.
ReadingSpec boot(const char* machine, const char* id, std::int64_t hour, std::int64_t cpu_s) {
  ReadingSpec spec;
  spec.machine = machine;
  spec.boot = id;
  spec.epoch = std::string(30, '0') + std::to_string(10 + hour);
  spec.slot = "2026-11-22T0" + std::to_string(hour) + ":00:00Z";
  spec.from_s = hour * 3'600;
  spec.seconds = 900;
  spec.cpu_s = cpu_s;
  return spec;
}

void put(WorkerBench& bench, const ReadingSpec& spec) {
  bench.put_http(message_of(spec));
  bench.settle();
}

Result<void> rename(WorkerBench& bench, const char* id, const char* to = "web-2") {
  return bench.resolve("web-1", id, Decision::kRename, to);
}

Statement november(WorkerBench& bench, LinesFrom from = LinesFrom::kTotals) {
  const UtcTime now = bench.clock.now().utc;
  const Period month = parse_period("2026-11", *utc_zone(), now).value();
  return bench.queries.statement(bench.ledger, month, std::nullopt, now, from, {}).value();
}

/// All that is shown, of whatever names there are.
std::string shown(WorkerBench& bench) {
  std::string text = bench.get("/api/v1/machines") + "\n" + bench.get("/api/v1/status") + "\n";
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots}) {
    for (const MachineStatement& machine : november(bench, from).machines)
      text += machine.machine.str() + " " + to_string(machine.exact_total) + " missing " +
              std::to_string(machine.note.coverage.value_or(Coverage{}).missing_us / kSecond) +
              "\n" + bench.get("/api/v1/machines/" + machine.machine.str()) + "\n";
  }
  // Commits are counted; they are not about any name.
  const std::size_t ledger = text.find("\"ledger\":");
  return text.erase(ledger, text.find('}', ledger) - ledger) + bench.usage_csv();
}

void restart(std::unique_ptr<WorkerBench>& bench) {
  bench = std::make_unique<WorkerBench>(bench->ledger.state());
}

TEST(NewNameTest, AllBootsOfAMachineMayGoToOneNameWheneverThatIsDecided) {
  const ReadingSpec first = boot("web-1", "boot-a", 6, 10);
  const ReadingSpec again = boot("web-1", "boot-b", 7, 20);
  ReadingSpec later = boot("web-1", "boot-a", 8, 40);
  later.epoch = first.epoch;
  std::string want;
  for (const bool restarted : {false, true}) {
    for (int decided = 0; decided < 3; ++decided) {
      auto bench = std::make_unique<WorkerBench>();
      put(*bench, first);
      if (decided == 0) {
        ASSERT_TRUE(rename(*bench, "boot-a"));
      }
      put(*bench, again);
      if (restarted) restart(bench);
      if (decided == 1) {
        ASSERT_TRUE(rename(*bench, "boot-b"));
      }
      put(*bench, later);
      if (restarted) restart(bench);
      for (const char* id : {"boot-b", "boot-a"}) ASSERT_TRUE(rename(*bench, id)) << decided;
      EXPECT_EQ(bench->cost("web-2"), "70");
      EXPECT_EQ(bench->cost("web-1"), "0");
      if (want.empty()) want = shown(*bench);
      EXPECT_EQ(shown(*bench), want) << restarted << decided;
    }
  }
}

TEST(NewNameTest, ADecisionThatIsTakenBackLeavesNoName) {
  std::string want;
  for (int decided = 0; decided < 3; ++decided) {
    auto bench = std::make_unique<WorkerBench>();
    put(*bench, boot("web-1", "boot-a", 6, 10));
    if (decided == 1) {
      ASSERT_TRUE(rename(*bench, "boot-a"));
      EXPECT_EQ(bench->worker->status().machines, 2);
    }
    put(*bench, boot("web-1", "boot-b", 7, 20));
    if (decided == 2) {
      ASSERT_TRUE(rename(*bench, "boot-a"));
      restart(bench);
    }
    ASSERT_TRUE(bench->resolve("web-1", "boot-a", Decision::kKeep));
    bench->settle();
    EXPECT_EQ(bench->worker->status().machines, 1);
    EXPECT_THAT(bench->cost("web-2"), HasSubstr("No data"));
    EXPECT_THAT(bench->get("/api/v1/machines/web-2"), HasSubstr("no machine 'web-2'"));
    EXPECT_FALSE(bench->resolve("web-2", "boot-a", Decision::kKeep)) << decided;
    restart(bench);
    if (want.empty()) want = shown(*bench);
    EXPECT_EQ(shown(*bench), want) << decided;
    EXPECT_THAT(want, Not(HasSubstr("web-2")));
  }
}

TEST(NewNameTest, ANameOfADecisionThatWasTakenBackIsFreeForEverybody) {
  for (const bool restarted : {false, true}) {
    auto bench = std::make_unique<WorkerBench>();
    put(*bench, boot("web-1", "boot-a", 6, 10));
    put(*bench, boot("lab-1", "boot-b", 7, 20));
    for (const Decision back : {Decision::kKeep, Decision::kDiscard}) {
      ASSERT_TRUE(rename(*bench, "boot-a"));
      ASSERT_TRUE(bench->resolve("web-1", "boot-a", back));
      if (restarted) restart(bench);
    }
    ASSERT_TRUE(rename(*bench, "boot-a"));
    EXPECT_EQ(bench->cost("web-2"), "10");
    ASSERT_TRUE(rename(*bench, "boot-a", "web-3")) << "from there to another";
    EXPECT_THAT(bench->cost("web-2"), HasSubstr("No data"));
    ASSERT_TRUE(bench->resolve("lab-1", "boot-b", Decision::kRename, "web-2"));
    EXPECT_EQ(bench->cost("web-2"), "20");
  }
}

TEST(NewNameTest, ANameWithAnythingOfAnotherMachineIsTaken) {
  WorkerBench bench;
  put(bench, boot("web-1", "boot-a", 6, 10));
  put(bench, boot("lab-1", "boot-b", 7, 20));
  bench.put_kafka(std::string(R"({"machine_id": "old-1", "cpu_usage": 1, "memory_usage": 2})"));
  bench.settle();
  ASSERT_TRUE(bench.resolve("lab-1", "boot-b", Decision::kRename, "lab-2"));
  for (const char* other : {"lab-1", "lab-2", "old-1", "web-1"}) {
    const auto refused = rename(bench, "boot-a", other);
    ASSERT_FALSE(refused) << other;
    EXPECT_THAT(refused.error().message,
                HasSubstr(std::string("'") + other + "' is another machine; choose a new name"));
  }
  const auto unnamed = rename(bench, "boot-a", "-rf");
  ASSERT_FALSE(unnamed);
  EXPECT_THAT(unnamed.error().message, HasSubstr("'-rf' is no machine name"));
  // An agent reports under the new name itself: from then on it is a machine of its own.
  ASSERT_TRUE(rename(bench, "boot-a"));
  put(bench, boot("web-2", "boot-c", 8, 40));
  put(bench, boot("web-1", "boot-d", 9, 80));
  EXPECT_FALSE(rename(bench, "boot-d"));
  EXPECT_EQ(bench.cost("web-2"), "50");
}

TEST(NewNameTest, AMachineOfANameThatWasLeftStartsAfresh) {
  for (const bool restarted : {false, true}) {
    auto bench = std::make_unique<WorkerBench>();
    put(*bench, boot("web-1", "boot-a", 6, 10));
    ASSERT_TRUE(rename(*bench, "boot-a"));
    EXPECT_FALSE(bench->resolve("web-2", "", Decision::kSum)) << "it would be decided for later";
    WriteSet retired;
    retired.machines = bench->ledger.machines().value();
    for (auto& [key, facts] : retired.machines) facts.retired = facts.last_slot.end();
    ASSERT_TRUE(bench->ledger.commit(retired, {}));
    restart(bench);
    ASSERT_TRUE(bench->resolve("web-1", "boot-a", Decision::kDiscard));
    if (restarted) restart(bench);
    put(*bench, boot("web-2", "boot-c", 8, 40));
    EXPECT_THAT(bench->get("/api/v1/machines/web-2"),
                HasSubstr(R"("last_seen":"2026-11-22T10:20:00Z",)"
                          R"("first_slot":"2026-11-22T08:00:00Z",)"
                          R"("last_slot":"2026-11-22T08:00:00Z","conflict":false)"));
    EXPECT_THAT(bench->get("/api/v1/machines/web-2"), Not(HasSubstr("retired")));
    EXPECT_EQ(bench->cost("web-2"), "40");
  }
}

TEST(NewNameTest, AMachineWhoseBootsAllWentStays) {
  auto bench = std::make_unique<WorkerBench>();
  put(*bench, boot("web-1", "boot-a", 6, 10));
  ASSERT_TRUE(rename(*bench, "boot-a"));
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(bench->cost("web-1"), "0");
    ASSERT_TRUE(bench->resolve("web-1", "boot-a", Decision::kKeep)) << "it can be taken back";
    EXPECT_EQ(bench->cost("web-1"), "10");
    ASSERT_TRUE(rename(*bench, "boot-a"));
    restart(bench);
  }
}

}  // namespace
}  // namespace meterbill
