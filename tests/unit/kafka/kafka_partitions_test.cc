#include "adapters/kafka/kafka_partitions.h"

#include <gmock/gmock.h>

#include <utility>

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Sha256 digest_of(int record) {
  Sha256 digest{};
  digest[0] = static_cast<std::uint8_t>(record);
  return digest;
}

/// A topic whose logs can be changed, and what a watch does with it.
class Topic {
 public:
  explicit Topic(std::map<std::int32_t, KafkaBounds> bounds) : logs(std::move(bounds)) {}

  /// One look: facts, bounds, proofs, and the plan that follows if there is one.
  std::optional<KafkaPartitions::Plan> look() {
    KafkaTopicFacts facts;
    facts.exists = exists;
    for (const auto& [id, bounds] : logs) facts.partitions.push_back({id, troubles[id]});
    all.see_topic(facts);
    for (const KafkaPartitions::Subject& subject : all.subjects()) {
      all.see_bounds(subject, logs[subject.id]);
      if (subject.is_read) all.see_proof(subject, proof);
    }
    auto plan = all.plan();
    if (plan) generation = plan->generation;
    return plan;
  }

  bool take(std::int32_t id, std::int64_t offset, int record = 0) {
    const bool is_staged = all.stage(id, offset, [&] { return digest_of(record); });
    if (is_staged) all.hand_over(id, offset);
    return is_staged;
  }

  void commit(std::int32_t id, std::int64_t next_offset, int record = 0,
              std::int64_t incarnation = 1) {
    PartitionPosition position;
    position.partition = id;
    position.incarnation = incarnation;
    position.next_offset = next_offset;
    if (next_offset > 0) position.anchor = Anchor{next_offset - 1, digest_of(record)};
    all.committed({&position, 1});
  }

  PartitionState state(std::int32_t id = 0) const { return shown(id).state; }
  std::string reason(std::int32_t id = 0) const { return shown(id).reason; }
  PartitionStatus shown(std::int32_t id) const {
    for (const PartitionStatus& shown : all.status().partitions)
      if (shown.partition == id) return shown;
    ADD_FAILURE() << "no partition " << id;
    return {};
  }

  std::map<std::int32_t, KafkaBounds> logs;
  std::map<std::int32_t, std::string> troubles;
  bool exists = true;
  LogProof proof = LogProof::kSame;
  KafkaPartitions all;
  std::int64_t generation = 0;
};

PartitionPosition stored(std::int32_t id, std::int64_t next_offset, int record) {
  PartitionPosition position;
  position.partition = id;
  position.next_offset = next_offset;
  position.anchor = Anchor{next_offset - 1, digest_of(record)};
  return position;
}

TEST(KafkaPartitionsTest, NothingIsPlannedBeforeTheLedgerWasAsked) {
  Topic topic({{0, {0, 5}}});
  EXPECT_EQ(topic.look(), std::nullopt);
  EXPECT_FALSE(topic.all.status().ready);
  topic.all.start({});
  const auto plan = topic.look();
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->starts, ElementsAre(KafkaStart{0, 0}));
  EXPECT_TRUE(topic.all.status().ready);
  EXPECT_EQ(topic.look(), std::nullopt) << "the plan holds";
}

TEST(KafkaPartitionsTest, AStoredPositionIsReadFromItsAnchorAndTheAnchorIsNotHandedOver) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({stored(0, 5, 7)});
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 4}));
  EXPECT_EQ(topic.state(), PartitionState::kWaiting);
  EXPECT_FALSE(topic.take(0, 4, 7));
  EXPECT_EQ(topic.state(), PartitionState::kRunning);
  EXPECT_TRUE(topic.take(0, 5));
  EXPECT_FALSE(topic.take(0, 5)) << "never twice";
  EXPECT_TRUE(topic.take(0, 8)) << "offsets may be sparse";
}

TEST(KafkaPartitionsTest, AnotherRecordInTheAnchorsPlaceHaltsUntilTheOperatorAccepts) {
  for (const auto& [offset, record] : {std::pair<std::int64_t, int>{4, 8}, {5, 7}}) {
    Topic topic({{0, {0, 9}}});
    topic.all.start({stored(0, 5, 7)});
    topic.look();
    EXPECT_FALSE(topic.take(0, offset, record));
    EXPECT_FALSE(topic.all.is_current(topic.generation)) << "nothing more of this reader";
    EXPECT_EQ(topic.state(), PartitionState::kHalted);
    EXPECT_THAT(topic.reason(), HasSubstr("meterbill kafka accept --partition 0"));
    EXPECT_THAT(topic.look()->starts, IsEmpty());
    topic.logs[0] = {0, 50};
    EXPECT_EQ(topic.look(), std::nullopt) << "it does not go on by itself";

    ASSERT_TRUE(topic.all.may_accept(0));
    const PartitionPosition position = topic.all.new_incarnation(0, 50);
    EXPECT_EQ(position.incarnation, 2);
    EXPECT_EQ(position.replay_until, 50);
    EXPECT_EQ(position.next_offset, 0);
    topic.all.committed({&position, 1});
    EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}));
    EXPECT_TRUE(topic.take(0, 0));
    EXPECT_EQ(topic.all.may_accept(0).error().code, Code::kInvalid);
  }
}

TEST(KafkaPartitionsTest, ALateCommitOfTheOldLogDoesNotEndTheHalt) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({});
  topic.look();
  EXPECT_TRUE(topic.take(0, 0));
  topic.commit(0, 1);
  EXPECT_TRUE(topic.take(0, 1));
  topic.proof = LogProof::kOther;
  topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kHalted);
  topic.commit(0, 2);
  EXPECT_EQ(topic.state(), PartitionState::kHalted);
  EXPECT_EQ(topic.all.new_incarnation(0, 9).incarnation, 2);
}

TEST(KafkaPartitionsTest, TheProofIsTheAnchorOfTheLookBefore) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({stored(0, 5, 7)});
  topic.look();
  topic.take(0, 4, 7);
  topic.take(0, 5);
  topic.commit(0, 6, 8);
  // What was read since then may be of another log already.
  EXPECT_EQ(topic.all.subjects().at(0).proof, (Anchor{4, digest_of(7)}));
  topic.look();
  EXPECT_EQ(topic.all.subjects().at(0).proof, (Anchor{5, digest_of(8)}));
}

TEST(KafkaPartitionsTest, AShortLogCountsOnlyWhenItStaysShort) {
  Topic topic({{0, {0, 3}}});
  topic.all.start({stored(0, 5, 7)});
  for (int look = 1; look < KafkaPartitions::kShortLooks; ++look) {
    topic.look();
    EXPECT_EQ(topic.state(), PartitionState::kWaiting);
    EXPECT_TRUE(topic.all.is_unsettled());
  }
  topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kHalted);

  Topic leader_changed({{0, {0, 3}}});
  leader_changed.all.start({stored(0, 5, 7)});
  leader_changed.look();
  leader_changed.logs[0] = {0, 9};
  EXPECT_THAT(leader_changed.look()->starts, ElementsAre(KafkaStart{0, 4}));
}

TEST(KafkaPartitionsTest, ALogThatShrinksWhileItIsReadIsPlannedAnew) {
  Topic topic({{0, {0, 5}}});
  topic.all.start({});
  topic.look();
  for (std::int64_t offset = 0; offset < 5; ++offset) topic.take(0, offset);
  topic.commit(0, 5);
  topic.logs[0] = {0, 2};
  topic.proof = LogProof::kNone;
  topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kWaiting);
  for (int look = 1; look < KafkaPartitions::kShortLooks; ++look) topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kHalted);
  EXPECT_EQ(topic.shown(0).end_offset, 2);
}

Gap gap(std::int64_t from, std::int64_t to, std::int64_t incarnation = 1) {
  return {.partition = 0, .incarnation = incarnation, .from = from, .to = to};
}

TEST(KafkaPartitionsTest, WhatRetentionTookIsAGapUntilSomethingBehindItIsApplied) {
  Topic topic({{0, {8, 12}}});
  PartitionPosition position = stored(0, 5, 7);
  position.incarnation = 3;
  topic.all.start({position});
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 8}));
  EXPECT_EQ(topic.state(), PartitionState::kGap);
  EXPECT_THAT(topic.reason(), HasSubstr("5 to 7"));
  EXPECT_TRUE(topic.all.status().ready);
  EXPECT_THAT(topic.all.take_gaps(), ElementsAre(gap(5, 7, 3)));
  EXPECT_THAT(topic.all.take_gaps(), IsEmpty()) << "once";

  // Whatever makes a new plan.
  topic.all.take_error(0, "connection lost");
  topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kGap);
  EXPECT_THAT(topic.all.take_gaps(), IsEmpty());
  // The position moves past it; that is not behind it yet.
  topic.commit(0, 8, 7, 3);
  EXPECT_EQ(topic.state(), PartitionState::kGap);
  EXPECT_TRUE(topic.take(0, 8, 1));
  topic.commit(0, 9, 1, 3);
  EXPECT_EQ(topic.state(), PartitionState::kRunning);
  EXPECT_EQ(topic.reason(), "");
}

TEST(KafkaPartitionsTest, AGapThatWasRejectedIsFoundAgainAsItIsThen) {
  for (const bool is_taken : {false, true}) {
    Topic topic({{0, {8, 12}}});
    topic.all.start({stored(0, 5, 7)});
    topic.look();
    if (is_taken) {
      EXPECT_THAT(topic.all.take_gaps(), ElementsAre(gap(5, 7)));
    }
    topic.take(0, 8, 1);
    topic.all.rejected("disk full");
    EXPECT_THAT(topic.all.take_gaps(), IsEmpty());
    topic.logs[0] = {10, 12};
    EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 10}));
    EXPECT_THAT(topic.all.take_gaps(), ElementsAre(gap(5, 9)));
  }
}

TEST(KafkaPartitionsTest, AGapBeginsBehindWhatWasHandedOverAndIsNotCommittedYet) {
  Topic topic({{0, {0, 5}}});
  topic.all.start({stored(0, 3, 7)});
  topic.look();
  topic.take(0, 2, 7);
  EXPECT_TRUE(topic.take(0, 3));
  topic.all.take_error(0, "offset out of range");
  topic.logs[0] = {9, 9};
  topic.look();
  EXPECT_THAT(topic.all.take_gaps(), ElementsAre(gap(4, 8)));
}

TEST(KafkaPartitionsTest, WhatExpiresBeforeTheFirstReadIsNoGap) {
  Topic topic({{0, {4, 9}}});
  topic.all.start({});
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 4}));
  topic.all.take_error(0, "offset out of range");
  topic.logs[0] = {7, 9};
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 7}));
  EXPECT_THAT(topic.all.take_gaps(), IsEmpty());
  // Of an incarnation just accepted as well.
  PartitionPosition position;
  position.incarnation = 2;
  Topic accepted({{0, {4, 9}}});
  accepted.all.start({position});
  EXPECT_THAT(accepted.look()->starts, ElementsAre(KafkaStart{0, 4}));
  EXPECT_THAT(accepted.all.take_gaps(), IsEmpty());
}

TEST(KafkaPartitionsTest, ANewPartitionIsReadFromItsBeginningAndTheOthersGoOnWhereTheyWere) {
  Topic topic({{0, {0, 5}}});
  topic.all.start({});
  topic.look();
  EXPECT_TRUE(topic.take(0, 0, 3));
  topic.commit(0, 1, 3);
  EXPECT_TRUE(topic.take(0, 1));  // not committed yet
  topic.logs[1] = {0, 2};
  const auto plan = topic.look();
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->starts, ElementsAre(KafkaStart{0, 0}, KafkaStart{1, 0}));
  EXPECT_FALSE(topic.take(0, 0, 3)) << "the anchor";
  EXPECT_FALSE(topic.take(0, 1)) << "handed over already";
  EXPECT_TRUE(topic.take(0, 2));
  EXPECT_TRUE(topic.take(1, 0));
}

TEST(KafkaPartitionsTest, RejectedRecordsAreHandedOverAgain) {
  Topic topic({{0, {0, 9}}, {1, {4, 9}}});
  topic.all.start({stored(0, 5, 7)});
  topic.look();
  topic.take(0, 4, 7);
  EXPECT_TRUE(topic.take(0, 5));
  EXPECT_TRUE(topic.take(1, 4));
  topic.all.rejected("disk full");
  EXPECT_FALSE(topic.all.is_current(topic.generation));
  EXPECT_THAT(topic.all.status().reason, HasSubstr("disk full"));
  EXPECT_EQ(topic.state(), PartitionState::kWaiting) << "it stands still";
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 4}, KafkaStart{1, 4}));
  EXPECT_FALSE(topic.take(0, 4, 7));
  EXPECT_TRUE(topic.take(0, 5));
  EXPECT_TRUE(topic.take(1, 4));

  // Nothing was handed over since: the plan need not change.
  topic.commit(0, 6, 8);
  topic.commit(1, 5, 9);
  topic.all.rejected("disk full");
  EXPECT_TRUE(topic.all.is_current(topic.generation));
  topic.all.committed({});
  EXPECT_TRUE(topic.all.status().ready);
}

TEST(KafkaPartitionsTest, WhatWasStagedUnderAPlanThatIsOverIsReadAgain) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({stored(0, 5, 7)});
  topic.look();
  topic.take(0, 4, 7);
  EXPECT_THAT(topic.all.staged_subjects(), IsEmpty());
  EXPECT_TRUE(topic.all.stage(0, 5, {}));
  ASSERT_EQ(topic.all.staged_subjects().size(), 1U);
  EXPECT_EQ(topic.all.staged_subjects()[0].proof, (Anchor{4, digest_of(7)}));
  topic.all.take_error(0, "connection lost");
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 4}));
  EXPECT_THAT(topic.all.staged_subjects(), IsEmpty());
  EXPECT_FALSE(topic.take(0, 4, 7));
  EXPECT_TRUE(topic.take(0, 5));
}

TEST(KafkaPartitionsTest, AnErrorSkipsNothing) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({});
  topic.look();
  EXPECT_TRUE(topic.take(0, 0));
  topic.commit(0, 1);
  topic.all.take_error(0, "damaged batch");
  EXPECT_FALSE(topic.take(0, 3)) << "what comes behind the damage";
  EXPECT_EQ(topic.state(), PartitionState::kWaiting);
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}));
  topic.take(0, 0);
  // Again and again: it is tried less often, and the others are left in peace.
  topic.all.take_error(0, "damaged batch");
  EXPECT_THAT(topic.look()->starts, IsEmpty());
  EXPECT_EQ(topic.look(), std::nullopt);
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}));
}

TEST(KafkaPartitionsTest, AnErrorOfNoPartitionChangesNothing) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({});
  topic.look();
  topic.all.take_error(-1, "group authorization failed");
  EXPECT_TRUE(topic.all.is_current(topic.generation));
  EXPECT_TRUE(topic.take(0, 0));
}

TEST(KafkaPartitionsTest, AMissingTopicIsNotReadyAndIsReadOnceItIsThere) {
  Topic topic({});
  topic.exists = false;
  topic.all.start({});
  topic.look();
  EXPECT_THAT(topic.all.status().reason, HasSubstr("no such topic"));
  topic.exists = true;
  topic.logs[0] = {0, 1};
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}));
  EXPECT_TRUE(topic.all.status().ready);
}

TEST(KafkaPartitionsTest, ATopicThatIsGoneHaltsAndIsRecognisedWhenItComesBack) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({stored(0, 5, 7)});
  topic.look();
  topic.take(0, 4, 7);
  const auto logs = std::exchange(topic.logs, {});
  topic.exists = false;
  EXPECT_THAT(topic.look()->starts, IsEmpty());
  EXPECT_EQ(topic.state(), PartitionState::kHalted);
  EXPECT_THAT(topic.reason(), HasSubstr("gone"));
  EXPECT_EQ(topic.all.may_accept(0).error().code, Code::kInvalid);
  topic.exists = true;
  topic.logs = logs;
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 4}));
  topic.take(0, 4, 7);
  EXPECT_EQ(topic.state(), PartitionState::kRunning);
}

TEST(KafkaPartitionsTest, ATopicThatWasGoneAndHoldsNothingKnownNeedsAcceptance) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({stored(0, 5, 7)});
  topic.look();
  topic.take(0, 4, 7);
  topic.logs.clear();
  topic.look();
  EXPECT_THAT(topic.reason(), HasSubstr("no longer has this partition"));
  topic.logs[0] = {20, 30};
  topic.look();
  EXPECT_EQ(topic.state(), PartitionState::kHalted);
  EXPECT_TRUE(topic.all.may_accept(0));
}

TEST(KafkaPartitionsTest, APartitionWithoutALeaderWaitsAndDoesNotKeepTheOthers) {
  Topic topic({{0, {0, 9}}, {1, {0, 9}}});
  topic.troubles[1] = "no broker leads it";
  topic.all.start({});
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}));
  EXPECT_EQ(topic.state(1), PartitionState::kWaiting);
  EXPECT_THAT(topic.all.status().reason, HasSubstr("no broker leads it"));
  EXPECT_EQ(topic.all.status().ill_partition, 1);
  EXPECT_EQ(topic.look(), std::nullopt) << "nothing new, nothing planned";
  topic.troubles.clear();
  EXPECT_THAT(topic.look()->starts, ElementsAre(KafkaStart{0, 0}, KafkaStart{1, 0}));
}

TEST(KafkaPartitionsTest, AnUnreachableClusterIsNotReady) {
  Topic topic({{0, {0, 9}}});
  topic.all.start({});
  topic.look();
  topic.all.see_unreachable("connection refused");
  EXPECT_FALSE(topic.all.status().ready);
  EXPECT_EQ(topic.all.status().reason, "connection refused");
  EXPECT_EQ(topic.all.status().ill_partition, std::nullopt);
  EXPECT_EQ(topic.state(), PartitionState::kWaiting);
  EXPECT_EQ(topic.reason(), "no broker answers") << "the cause is said once";
  topic.look();
  EXPECT_TRUE(topic.all.status().ready);
}

}  // namespace
}  // namespace meterbill
