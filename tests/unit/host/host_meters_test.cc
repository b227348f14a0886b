#include "adapters/host/host_meters.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(HostMetersTest, ThisHostCanBeRead) {
  HostMeters meters;
  const HostSample first = meters.read();
  const HostSample second = meters.read();
  ASSERT_TRUE(first.cpu && second.cpu && second.memory);
  EXPECT_GE(second.cpu->busy_us, first.cpu->busy_us);
  EXPECT_GT(second.memory->used_kib, 0);
  EXPECT_TRUE(meters.boot());
}

}  // namespace
}  // namespace meterbill
