#include "base/heartbeat.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(HeartbeatTest, APromiseIsBrokenWhenItsTimeIsOver) {
  Heartbeat loop;
  EXPECT_FALSE(loop.is_late(1'000'000)) << "nothing was promised";
  loop.promise(10, 5);
  EXPECT_FALSE(loop.is_late(15));
  EXPECT_TRUE(loop.is_late(16));
  loop.promise(16, 300);
  EXPECT_FALSE(loop.is_late(16 + 300));
  loop.end();
  EXPECT_FALSE(loop.is_late(1'000'000));
}

}  // namespace
}  // namespace meterbill
