// Gaps of a ledger: records that expired before they were read.
#include <gmock/gmock.h>

#include "contract/ledger_contract.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(LedgerContract, AGapComesWithThePositionThatPassesItOrNotAtAll) {
  given(1);
  EXPECT_THAT(ledger().gaps().value(), IsEmpty());
  WriteSet write;
  write.gaps = {gap(8, 11)};
  refuses(write, Code::kInvalid);
  write.positions = {{kKafka, {position(11)}}};
  refuses(write, Code::kInvalid);  // its last record is behind the position
  write.positions = {{kKafka, {position(12)}}};
  write.gaps[0].incarnation = 2;
  refuses(write, Code::kInvalid);
  write.gaps[0].incarnation = 1;
  ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  refuses(write, Code::kInvalid);  // the same gap again

  WriteSet decision;
  decision.gaps = {gap(20, 21)};
  EXPECT_EQ(ledger().decide(kWeb, BootId("boot-a"), {}, decision).error().code, Code::kInvalid);
  reopen();
  EXPECT_THAT(ledger().gaps().value(), ElementsAre(gap(8, 11)));
}

TEST_P(LedgerContract, GapsComeInOrderAndMayBeginAtATimeThatIsNotKnown) {
  given(1);
  WriteSet write;
  write.positions = {{kKafka, {position(30)}}};
  write.gaps = {gap(20, 20), gap(8, 11)};
  write.gaps[0].after = std::nullopt;
  ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  EXPECT_THAT(ledger().gaps().value(), ElementsAre(write.gaps[1], write.gaps[0]));
}

TEST_P(LedgerContract, AGapUnderAnOldFenceIsNotKept) {
  given(1);
  ASSERT_TRUE(ledger().claim(kKafka));
  WriteSet write;
  write.positions = {{kKafka, {position(12)}}};
  write.gaps = {gap(8, 11)};
  EXPECT_EQ(commit(write).value(), CommitOutcome::kFenced);
  EXPECT_THAT(ledger().gaps().value(), IsEmpty());
}

}  // namespace
}  // namespace meterbill
