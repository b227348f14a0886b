// Usage and holds are functions of the set of messages received and of the operator's decisions
// (invariants 1 and 8): each of the 720 orders of six things that happen to a worker gives the
// same.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "merge_delivery.h"

namespace meterbill {
namespace {

/// A reading of the whole machine: one of its two cores is busy.
Reading whole(int slot, std::int64_t from_s, std::int64_t seconds) {
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t up = seconds * kSecond;
  return {
      .slot = Slot::parse("2026-11-22T09:00:00Z").value().plus(slot),
      .scope = machine_scope(),
      .cover = Cover{from_s * kSecond, from_s * kSecond + up, up, 0, 0},
      .used = {
          {MeterName{"cpu"}, up}, {MeterName{"cpu_capacity"}, 2 * up}, {MeterName{"uptime"}, up}}};
}

Reading part_of(const Reading& machine, std::int64_t cpu_us) {
  return {.slot = machine.slot,
          .scope = ScopeName{"user:anna"},
          .cover = std::nullopt,
          .used = {{MeterName{"cpu"}, cpu_us}}};
}

Reading final_of(Reading reading, std::int64_t scopes = 0) {
  reading.final = true;
  reading.scopes = scopes;
  return reading;
}

HistoryRun run_of(int number, const char* boot, const char* site) {
  return {"web-1", std::string(31, '0') + std::to_string(number), boot, {{"site", site}}};
}

/// Every order of six acts, each applied before the next one comes.
void show_every_order(const History& history, std::vector<MergeAct> extra) {
  std::vector<MergeAct> acts = all_acts(history);
  acts.insert(acts.end(), extra.begin(), extra.end());
  ASSERT_EQ(acts.size(), 6U);
  const Recount want = recount(history);
  std::vector<std::size_t> order(acts.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(1);
  int orders = 0;
  do {
    MergeDelivery delivery(history, random);
    for (const std::size_t act : order) {
      delivery.perform(acts[act]);
      delivery.settle();
    }
    expect_as_counted(delivery.finish(), want);
    ++orders;
    ASSERT_FALSE(testing::Test::HasFailure()) << "in order " << testing::PrintToString(order);
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(orders, 720);
}

TEST(MergeOrdersTest, EveryOrderOfARestartAndASecondAgentOfOneBootGivesTheSame) {
  // The second one's labels are others; the two share the first slot and overlap in the next one.
  History history;
  history.runs = {run_of(1, "boot-a", "lab-1"), run_of(2, "boot-a", "lab-2")};
  const Reading growing = whole(1, 1'900, 200);
  history.messages = {{0, {whole(0, 1'000, 400)}, true}, {0, {growing}, false},
                      {0, {whole(1, 1'900, 900)}, true}, {1, {whole(0, 1'400, 400)}, true},
                      {1, {whole(1, 2'700, 300)}, true}, {1, {whole(2, 3'000, 300)}, true}};
  EXPECT_NE(recount(history).held, "");
  show_every_order(history, {});
}

TEST(MergeOrdersTest, EveryOrderOfTwoBootsADecisionAndARestartOfTheWorkerGivesTheSame) {
  History history;
  history.runs = {run_of(1, "boot-a", "lab-1"), run_of(2, "boot-b", "lab-1")};
  history.messages = {{0, {whole(0, 1'000, 400)}, true},
                      {0, {whole(1, 1'400, 900)}, true},
                      {1, {whole(0, 30, 100), whole(1, 130, 900)}, true}};
  history.samples = {{"web-1", 123, 612, whole(0, 0, 0).slot.start()}};
  history.decisions = {{{"web-1", "boot-a", Decision::kKeep, ""}}};
  EXPECT_NE(recount(history).held, "");
  show_every_order(history, {{MergeAct::kRestart}});
}

TEST(MergeOrdersTest, EveryOrderOfPartsThatExceedAndAReleaseGivesTheSame) {
  // The machine's last reading is not believed at first: more core time than there was.
  Reading unbelieved = final_of(whole(0, 1'000, 400), 2);
  unbelieved.used[MeterName{"cpu"}] *= 3;
  Reading before = unbelieved;
  before.final = false;
  before.scopes = 0;
  History history;
  history.runs = {run_of(1, "boot-a", "lab-1")};
  history.messages = {{0, {before}, false},
                      {0, {unbelieved}, true},
                      {0, {final_of(part_of(unbelieved, 900'000'000))}, true}};
  history.events = {{"web-1", "job-1", "user:anna", 15, unbelieved.slot.start()}};
  EXPECT_EQ(recount(history).kinds["parts exceed"], 1);
  show_every_order(history, {{MergeAct::kRelease}, {MergeAct::kEvent, 0}});
}

TEST(MergeOrdersTest, EveryOrderOfAClockSetBackAndARenameGivesTheSame) {
  History history;
  history.runs = {run_of(1, "boot-a", "lab-1"), run_of(2, "boot-a", "lab-2")};
  history.messages = {{0, {whole(0, 1'000, 800)}, true},
                      {1, {whole(0, 1'800, 200)}, false},
                      {1, {whole(0, 1'800, 700)}, true},
                      {1, {whole(6, 2'500, 100)}, true}};  // `future`
  history.decisions = {{{"web-1", "boot-a", Decision::kRename, "web-2"}}};
  EXPECT_EQ(recount(history).kinds["clock steps"], 1);
  show_every_order(history, {{MergeAct::kRelease}});
}

}  // namespace
}  // namespace meterbill
