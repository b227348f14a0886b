#include "domain/gap.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

TEST(GapTest, SaysWhichRecords) {
  EXPECT_EQ(to_string(Gap{.partition = 3, .from = 5, .to = 9}),
            "records 5 to 9 of partition 3 expired unread");
  EXPECT_EQ(to_string(Gap{.partition = 0, .from = 5, .to = 5}),
            "record 5 of partition 0 expired unread");
  EXPECT_EQ((Gap{.from = 5, .to = 9}.records()), 5);
}

TEST(GapTest, MayTouchThePeriodsFromTheLastRecordReadToItsDetection) {
  const SlotRange november{slot("2026-11-01T00:00:00Z"), slot("2026-12-01T00:00:00Z")};
  const auto touches = [&](const char* after, const char* detected) {
    Gap gap;
    if (*after != '\0') gap.after = parse_utc(after).value();
    gap.detected = parse_utc(detected).value();
    return gap.may_touch(november);
  };
  EXPECT_TRUE(touches("2026-11-10T00:00:00Z", "2026-11-10T00:00:00Z"));
  EXPECT_TRUE(touches("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"));
  EXPECT_FALSE(touches("2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z"));
  EXPECT_TRUE(touches("2026-11-30T23:59:59Z", "2026-12-05T00:00:00Z"));
  EXPECT_FALSE(touches("2026-12-01T00:00:00Z", "2026-12-05T00:00:00Z"));
  EXPECT_TRUE(touches("", "2027-01-01T00:00:00Z")) << "not known since when";
  EXPECT_FALSE(touches("", "2026-10-31T23:59:59Z"));
}

}  // namespace
}  // namespace meterbill
