#include "base/clock.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(ClockTest, UtcIsWrittenInIsoFormWithAFractionOnlyWhenThereIsOne) {
  EXPECT_EQ(to_string(UtcTime{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_string(UtcTime{1'709'208'000'000'001}), "2024-02-29T12:00:00.000001Z");
}

TEST(ClockTest, TheHostsClocksNeverGoBackAndBootIsNotBehindMonotonic) {
  const SystemClock clock;
  const Instant first = clock.now();
  const Instant second = clock.now();
  EXPECT_LE(first.monotonic_us, second.monotonic_us);
  EXPECT_LE(first.boot_us, second.boot_us);
  EXPECT_LE(second.monotonic_us, clock.now().boot_us);
}

}  // namespace
}  // namespace meterbill
