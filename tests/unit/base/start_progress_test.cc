#include "base/start_progress.h"

#include <gtest/gtest.h>

#include <limits>

namespace meterbill {
namespace {

TEST(StartProgressTest, TheLineSaysWhatIsDoneAndHowFar) {
  StartProgress progress;
  EXPECT_EQ(progress.line(), "starting");
  progress.at("checking the ledger");
  EXPECT_EQ(progress.line(), "starting: checking the ledger");
  progress.at("summing totals anew", 2, 5);
  EXPECT_EQ(progress.line(), "starting: summing totals anew, 40 %");
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();
  progress.at("counting", kMany / 2, kMany);
  EXPECT_EQ(progress.line(), "starting: counting, 50 %");
  progress.at("counting", 299, 299);
  EXPECT_EQ(progress.line(), "starting: counting, 100 %");
}

TEST(StartProgressTest, ItHasMovedOnlyWhenSomethingWasTold) {
  StartProgress progress;
  EXPECT_TRUE(progress.has_moved()) << "it has just begun";
  EXPECT_FALSE(progress.has_moved());
  progress.go_on();
  EXPECT_TRUE(progress.has_moved());
  EXPECT_FALSE(progress.has_moved());
  progress.at("storing");
  EXPECT_TRUE(progress.has_moved());
}

}  // namespace
}  // namespace meterbill
