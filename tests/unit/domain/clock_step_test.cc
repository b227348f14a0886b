#include "domain/clock_step.h"

#include <gtest/gtest.h>

#include <map>

namespace meterbill {
namespace {

constexpr std::int64_t kTenth = 100'000;  // µs
const Slot kSlot = Slot::parse("2026-11-22T10:15:00Z").value();

/// One epoch of a slot, in tenths of a second: its boot, the boot-clock interval and its time.
struct Part {
  const char* boot;
  std::int64_t from, to, metered, estimated = 0, off = 0;
  bool billed = true;
};

struct StepCase {
  const char* name;
  std::vector<Part> parts;
  std::vector<std::pair<std::int64_t, std::int64_t>> want;  ///< (metered, estimated)
};
void PrintTo(const StepCase& row, std::ostream* out) { *out << row.name; }

class ClockStepTest : public testing::TestWithParam<StepCase> {};

TEST_P(ClockStepTest, IsOneBootWithMoreTimeThanTheSlotHas) {
  UsageRow row;
  std::map<EpochKey, BootId> boots;
  std::map<EpochKey, bool> billed;
  for (const Part& part : GetParam().parts) {
    const EpochKey key{static_cast<std::int64_t>(boots.size()) + 1};
    boots[key] = BootId{part.boot};
    billed[key] = part.billed;
    row.by_epoch[key].cover = Cover{part.from * kTenth, part.to * kTenth, part.metered * kTenth,
                                    part.estimated * kTenth, part.off * kTenth};
  }
  std::vector<ClockStep> want;
  for (const auto& [metered, estimated] : GetParam().want)
    want.push_back({kSlot, metered * kTenth, estimated * kTenth});
  EXPECT_EQ(clock_steps(
                kSlot, row, [&](EpochKey key) -> const BootId& { return boots.at(key); },
                [&](EpochKey key) { return billed.at(key); }),
            want);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ClockStepTest,
    testing::Values(StepCase{"exactly_900_s", {{"a", 0, 9'000, 9'000}}, {}},
                    StepCase{"900_s_in_two_epochs",
                             {{"a", 0, 4'000, 4'000}, {"a", 4'000, 9'000, 4'900, 100}},
                             {}},
                    StepCase{"900_point_1_s", {{"a", 0, 9'001, 9'001}}, {{9'001, 0}}},
                    StepCase{"estimated_counts", {{"a", 0, 9'001, 8'000, 1'001}}, {{8'000, 1'001}}},
                    StepCase{"off_does_not", {{"a", 0, 18'000, 9'000, 0, 9'000}}, {}},
                    StepCase{"epochs_of_one_boot_add_up",
                             {{"a", 0, 9'000, 9'000}, {"a", 9'000, 15'000, 5'000, 1'000}},
                             {{14'000, 1'000}}},
                    StepCase{"overlapping_epochs_are_no_clock_step",
                             {{"a", 0, 9'000, 9'000}, {"a", 8'999, 15'000, 6'000}},
                             {}},
                    StepCase{"several_boots_within_5_percent_are_none",
                             {{"a", 0, 4'450, 4'450}, {"b", 0, 5'000, 5'000}},
                             {}},
                    StepCase{"one_of_several_boots_alone",
                             {{"a", 0, 9'300, 9'300}, {"b", 0, 100, 100}},
                             {{9'300, 0}}},
                    StepCase{"what_is_not_billed_is_none",
                             {{"a", 0, 9'300, 9'300, 0, 0, false}, {"b", 0, 100, 100}},
                             {}},
                    StepCase{"pseudo_epochs_take_no_part", {{"", 0, 9'300, 9'300}}, {}}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(ClockStepTextTest, SecondsAreExact) {
  EXPECT_EQ(seconds_text({kSlot, 900'000'000, 100'000}), "900.1");
  EXPECT_EQ(seconds_text({kSlot, 1'800'000'000, 0}), "1800");
  EXPECT_EQ(seconds_text({kSlot, 900'100'001, 0}), "900.100001");
}

TEST(ClockStepTextTest, TheLargestCoversDoNotOverflow) {
  UsageRow row;
  for (std::int64_t i = 0; i < 64; ++i)
    row.by_epoch[EpochKey{i}].cover = Cover{i, i, std::int64_t{1} << 53, std::int64_t{1} << 53, 0};
  const BootId boot{"a"};
  const auto steps = clock_steps(
      kSlot, row, [&](EpochKey) -> const BootId& { return boot; }, [](EpochKey) { return true; });
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].covered_us(), std::int64_t{1} << 60);
}

}  // namespace
}  // namespace meterbill
