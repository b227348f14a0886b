#include "adapters/host/cpu.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace meterbill {
namespace {

const std::filesystem::path kTrees = METERBILL_SOURCE_DIR "/tests/fixtures/proc";

/// A /proc whose stat can be swapped, as time does it.
class ChangingProc {
 public:
  void show(const std::string& tree) {
    std::filesystem::create_directories(dir_.path() / "proc");
    std::filesystem::copy_file(kTrees / tree / "proc/stat", dir_.path() / "proc/stat",
                               std::filesystem::copy_options::overwrite_existing);
  }
  [[nodiscard]] const std::filesystem::path& root() const { return dir_.path(); }

 private:
  TempDir dir_;
};

TEST(CpuTest, BusyIsUserNiceSystemIrqSoftirqOfAllCores) {
  CpuMeter meter(kTrees / "two_cores", 100);
  const auto counter = meter.read();
  ASSERT_TRUE(counter) << counter.error().message;
  EXPECT_EQ(counter.value().busy_us, (75843 + 143693 + 49253 + 0 + 1531) * 10'000LL);
  EXPECT_EQ(counter.value().cores, 2);
}

TEST(CpuTest, GuestTimeIsInUserOnceAndAnOfflineCoreIsNotCounted) {
  CpuMeter meter(kTrees / "guests_one_core_offline", 100);
  const auto counter = meter.read();
  ASSERT_TRUE(counter);
  EXPECT_EQ(counter.value().busy_us, (900000 + 1000 + 40000 + 200 + 1800) * 10'000LL);
  EXPECT_EQ(counter.value().cores, 3);
}

TEST(CpuTest, OtherTickLengthsAreExactToTheMicrosecond) {
  EXPECT_EQ(CpuMeter(kTrees / "two_cores", 1'000).read().value().busy_us, 270'320'000);
  EXPECT_EQ(CpuMeter(kTrees / "two_cores", 1'024).read().value().busy_us,
            270'320LL * 1'000'000 / 1'024);
}

TEST(CpuTest, AFieldThatStepsBackIsHeldAndCounted) {
  ChangingProc proc;
  proc.show("two_cores");
  CpuMeter meter(proc.root(), 100);
  const std::int64_t before = meter.read().value().busy_us;
  proc.show("two_cores_later");  // user −1, system +17
  EXPECT_EQ(meter.read().value().busy_us, before + 17 * 10'000L);
  EXPECT_EQ(meter.steps_back(), 1);
  proc.show("two_cores");  // system −17: user is back where it was, which is no growth
  EXPECT_EQ(meter.read().value().busy_us, before + 17 * 10'000L);
  EXPECT_EQ(meter.steps_back(), 2);
}

TEST(CpuTest, CountersThatBeginAgainNeverFallAndGoOnFromThere) {
  ChangingProc proc;
  proc.show("two_cores");
  CpuMeter meter(proc.root(), 100);
  const std::int64_t before = meter.read().value().busy_us;
  proc.show("counters_restarted");
  EXPECT_EQ(meter.read().value().busy_us, before);
  std::ofstream(proc.root() / "proc/stat") << "cpu 50 3 7 20 1 0 0 0\ncpu0 1 1 1 1 1 1 1 1\n";
  EXPECT_EQ(meter.read().value().busy_us, before + 10 * 10'000L);
}

struct BrokenStat {
  const char* name;
  const char* text;
};
constexpr BrokenStat kBroken[] = {
    {"empty", ""},
    {"no_cpu_line", "cpu0 1 2 3 4 5 6 7\nctxt 5\n"},
    {"no_core_line", "cpu  1 2 3 4 5 6 7\nctxt 5\n"},
    {"too_few_fields", "cpu  1 2 3 4\ncpu0 1 2 3 4\n"},
    {"negative", "cpu  1 -2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n"},
    {"not_a_number", "cpu  1 2 x 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n"},
    {"too_large", "cpu  9223372036854775807 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n"},
};
class BrokenStatTest : public testing::TestWithParam<BrokenStat> {};
TEST_P(BrokenStatTest, IsInvalid) {
  const auto ticks = parse_cpu(GetParam().text);
  ASSERT_FALSE(ticks);
  EXPECT_EQ(ticks.error().code, Code::kInvalid);
}
INSTANTIATE_TEST_SUITE_P(CpuTest, BrokenStatTest, testing::ValuesIn(kBroken),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace meterbill
