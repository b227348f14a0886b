// Usage and holds are functions of the set of messages received and of the operator's decisions
// (invariants 1 and 8): whatever was lost, repeated, reordered or sent by either route, the dump is
// the same once each slot's last reading has come, and it is what a recount of the history says.
// merge_orders_test.cc shows it for every order of a few messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "merge_delivery.h"

namespace meterbill {
namespace {

constexpr std::uint64_t kSeeds = 50;
constexpr const char* kSeedVariable = "METERBILL_MERGE_SEED";

using Kinds = std::map<std::string, int>;

void add(Kinds& into, const Kinds& more) {
  for (const auto& [kind, times] : more) into[kind] += times;
}

/// With loss of what is not a slot's last, repetition of what has an identity, and the worker's own
/// restarts and the operator's looks into quarantine, in any order.
std::vector<MergeAct> shuffled(const History& history, std::mt19937_64& random, Kinds& kinds) {
  std::vector<MergeAct> acts = all_acts(history);
  const std::size_t all = acts.size();
  std::erase_if(acts, [&](const MergeAct& act) {
    return act.kind == MergeAct::kMessage && !history.messages[act.index].is_last && random() % 2;
  });
  kinds["messages lost"] += static_cast<int>(all - acts.size());
  const std::vector<MergeAct> once = acts;
  for (const MergeAct& act : once) {
    const bool has_identity = act.kind == MergeAct::kMessage || act.kind == MergeAct::kEvent;
    if (!has_identity || random() % 3 != 0) continue;
    acts.push_back(act);
    ++kinds[act.kind == MergeAct::kEvent ? "events repeated" : "messages repeated"];
  }
  for (int times = 0; times < 3; ++times) {
    acts.push_back({MergeAct::kRelease});
    acts.push_back({MergeAct::kRestart});
  }
  std::shuffle(acts.begin(), acts.end(), random);
  return acts;
}

/// In batches of every size.
MergeDump deliver(const History& history, const std::vector<MergeAct>& acts,
                  std::mt19937_64& random, Kinds& kinds) {
  MergeDelivery delivery(history, random);
  for (const MergeAct& act : acts) {
    delivery.perform(act);
    if (random() % 4 == 0) delivery.settle();
  }
  MergeDump dump = delivery.finish();
  add(kinds, delivery.kinds());
  return dump;
}

void show_one(std::uint64_t seed, Kinds& kinds) {
  SCOPED_TRACE(std::string("replay with ") + kSeedVariable + "=" + std::to_string(seed) +
               " worker_test --gtest_filter=MergePropertyTest.AnyOrder*");
  const History history = random_history(seed);
  const Recount want = recount(history);
  add(kinds, want.kinds);
  std::mt19937_64 random(seed);
  const MergeDump first = deliver(history, all_acts(history), random, kinds);
  expect_as_counted(first, want);
  for (int round = 0; round < 3; ++round)
    ASSERT_EQ(deliver(history, shuffled(history, random, kinds), random, kinds), first);
}

/// Each kind is among the histories, or among what was made of them, more often than this: nearly
/// twice as often in fact. Nothing is shown of what does not occur.
const Kinds kMoreThan{
    {"slots with parts", 400},
    {"slots of a view", 200},
    {"parts exceed", 50},
    {"parts exceed, vouched for", 20},
    {"estimated", 120},
    {"off", 60},
    {"clock steps", 25},
    {"covered twice", 15},
    {"restarts", 200},
    {"new boots", 90},
    {"labels changed", 140},
    {"conflicts of one boot", 25},
    {"conflicts of two boots", 60},
    {"bound by a conflict", 90},
    {"discarded by a kept boot", 8},
    {"decided: keep", 30},
    {"decided: discard", 12},
    {"decided: rename", 10},
    {"decided: sum", 12},
    {"decided anew", 15},
    {"decisions among the messages", 300},
    {"samples", 200},
    {"usage events", 140},
    {"events repeated", 150},
    {"messages repeated", 2'500},
    {"messages lost", 3'500},
    {"messages over HTTP", 5'000},
    {"messages over Kafka", 10'000},
    {"records read again", 5'000},
    {"restarts of the worker", 250},
    {"released: future", 1'000},
    {"released: implausible", 400},
    {"discarded: no_capacity", 250},
};

TEST(MergePropertyTest, AnyOrderRepetitionLossAndMixtureOfRoutesGivesTheSame) {
  Kinds kinds;
  if (const char* seed = std::getenv(kSeedVariable)) return show_one(std::stoull(seed), kinds);
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) show_one(seed, kinds);
  if (HasFailure()) return;
  for (const auto& [kind, times] : kMoreThan) EXPECT_GT(kinds[kind], times) << kind;
}

}  // namespace
}  // namespace meterbill
