#include "adapters/kafka/kafka_partition.h"

#include <gmock/gmock.h>

namespace meterbill {
namespace {

using Kind = StartPlan::Kind;

std::optional<PartitionPosition> at(std::int64_t next_offset,
                                    std::optional<std::int64_t> anchor = std::nullopt) {
  PartitionPosition position;
  position.next_offset = next_offset;
  if (anchor) position.anchor = Anchor{*anchor, {}};
  return position;
}

struct Row {
  const char* what;
  std::optional<PartitionPosition> stored;
  std::int64_t low;
  std::int64_t high;
  Kind kind;
  std::int64_t offset;
};

class PlanStartTest : public testing::TestWithParam<Row> {};

TEST_P(PlanStartTest, DecidesFromThePositionAndTheBounds) {
  const Row& row = GetParam();
  const StartPlan plan = plan_start(row.stored, row.low, row.high);
  EXPECT_EQ(plan.kind, row.kind) << row.what;
  if (row.kind != Kind::kHalt) {
    EXPECT_EQ(plan.offset, row.offset) << row.what;
  }
  EXPECT_EQ(plan.reason.empty(), row.kind != Kind::kHalt && row.kind != Kind::kGap) << row.what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlanStartTest,
    testing::Values(
        Row{"nothing stored, empty log", std::nullopt, 0, 0, Kind::kBeginning, 0},
        Row{"nothing stored, old records expired", std::nullopt, 7, 9, Kind::kBeginning, 7},
        Row{"a new incarnation", at(0), 0, 9, Kind::kBeginning, 0},
        Row{"a new incarnation of an expired log", at(0), 3, 9, Kind::kBeginning, 3},
        Row{"all read", at(10, 9), 0, 10, Kind::kVerify, 9},
        Row{"more to read", at(10, 9), 0, 20, Kind::kVerify, 9},
        Row{"control records behind the anchor", at(10, 7), 0, 20, Kind::kVerify, 7},
        Row{"the anchor is the first that is left", at(10, 9), 9, 20, Kind::kVerify, 9},
        Row{"the anchor expired, nothing is missing", at(10, 9), 10, 20, Kind::kContinue, 10},
        Row{"everything expired, nothing is missing", at(10, 9), 10, 10, Kind::kContinue, 10},
        Row{"a position without an anchor", at(10), 0, 20, Kind::kContinue, 10},
        Row{"one record was removed unread", at(10, 9), 11, 20, Kind::kGap, 11},
        Row{"all were removed unread", at(10, 9), 20, 20, Kind::kGap, 20},
        Row{"a log that is shorter", at(10, 9), 0, 9, Kind::kHalt, 0},
        Row{"an empty log", at(10, 9), 0, 0, Kind::kHalt, 0}));

TEST(PlanStartTest, AGapNamesWhatIsMissing) {
  EXPECT_THAT(plan_start(at(10, 9), 15, 20).reason, testing::HasSubstr("10 to 14"));
}

}  // namespace
}  // namespace meterbill
