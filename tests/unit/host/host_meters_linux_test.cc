#include "adapters/host/host_meters.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

const std::filesystem::path kTrees = METERBILL_SOURCE_DIR "/tests/fixtures/proc";

TEST(HostMetersTest, ReportEveryMeterOfACapturedTree) {
  HostMeters meters(kTrees / "two_cores", 100);
  const HostSample sample = meters.read();
  EXPECT_TRUE(sample.faults.empty());
  ASSERT_TRUE(sample.cpu && sample.memory);
  EXPECT_EQ(sample.cpu->cores, 2);
  EXPECT_GT(sample.memory->total_kib, 0);
}

TEST(HostMetersTest, AMeterThatCannotBeReadIsAbsentAndItsFaultNamed) {
  HostMeters meters(kTrees / "broken", 100);
  const HostSample sample = meters.read();
  EXPECT_FALSE(sample.cpu);
  EXPECT_FALSE(sample.memory);
  ASSERT_EQ(sample.faults.size(), 2U);
  EXPECT_NE(sample.faults[0].message.find("cpu meter"), std::string::npos);
  EXPECT_NE(sample.faults[1].message.find("MemAvailable"), std::string::npos);
  EXPECT_FALSE(meters.boot());
}

}  // namespace
}  // namespace meterbill
