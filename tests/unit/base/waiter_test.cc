#include "base/waiter.h"

#include <gtest/gtest.h>

#include <thread>

namespace meterbill {
namespace {

constexpr auto kLong = std::chrono::minutes{10};  ///< longer than a test may take

TEST(WaiterTest, AStopRequestEndsTheWait) {
  Waiter waiter;
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  EXPECT_FALSE(waiter.wait(stop.get_token(), kLong));
  EXPECT_FALSE(waiter.wait(stop.get_token(), kLong));
}

TEST(WaiterTest, NewsEndTheWait) {
  Waiter waiter;
  const std::stop_source stop;
  std::jthread other([&] { waiter.wake(); });
  EXPECT_TRUE(waiter.wait(stop.get_token(), kLong));
}

TEST(WaiterTest, NewsThatCameBeforeTheWaitAreNotMissedAndCountOnce) {
  Waiter waiter;
  const std::stop_source stop;
  waiter.wake();
  waiter.wake();
  EXPECT_TRUE(waiter.wait(stop.get_token(), kLong));
  EXPECT_TRUE(waiter.wait(stop.get_token(), std::chrono::microseconds{1}));
}

}  // namespace
}  // namespace meterbill
