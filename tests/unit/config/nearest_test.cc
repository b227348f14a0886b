#include "config/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace meterbill {
namespace {

TEST(NearestTest, CountsSingleLetterChanges) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("bill", "bill"), 0U);
  EXPECT_EQ(edit_distance("bill", "bil"), 1U);
  EXPECT_EQ(edit_distance("bill", "ball"), 1U);
  EXPECT_EQ(edit_distance("blil", "bill"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestTest, NamesWhatWasMeantOrNothing) {
  const std::vector<std::string> names{"agent.interval", "agent.sink", "http.listen"};
  EXPECT_EQ(nearest("agent.intervall", names), "agent.interval");
  EXPECT_EQ(nearest("agnet.sink", names), "agent.sink");
  EXPECT_EQ(nearest("interval", names), "agent.interval");
  EXPECT_EQ(nearest("agent.listen", names), "http.listen");
  EXPECT_EQ(nearest("something.else.entirely", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(10'000, 'x'), names), "");
}

}  // namespace
}  // namespace meterbill
