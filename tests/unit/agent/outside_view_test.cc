#include "agent/outside_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace meterbill {
namespace {

using testing::HasSubstr;

OutsideView host() {
  return {.boot_us = 1'000'000'000,
          .cpu = {.busy_us = 700'000'000, .cores = 2},
          .memory_total_kib = 4'000'000};
}

TEST(OutsideViewTest, ItIsReadBack) {
  EXPECT_EQ(parse_outside_view(to_text(host())).value(), host());
  EXPECT_EQ(parse_outside_view("").error().message, "it has no boot_us");
  EXPECT_EQ(parse_outside_view("boot_us=1\ncpu_busy_us=1\ncores=2\n").error().message,
            "it has no memory_total_kib");
  EXPECT_FALSE(parse_outside_view("boot_us=x\n"));
}

/// What is seen 10 s later inside of the sandbox, and whether it is believed.
struct View {
  const char* what;
  std::function<void(OutsideView&)> change;
  const char* refusal;  ///< empty: it is believed
};

TEST(OutsideViewTest, AnotherMachineInsideIsRefused) {
  const std::vector<View> views{
      {"idle", [](OutsideView&) {}, ""},
      {"all cores busy", [](OutsideView& v) { v.cpu.busy_us += 20'000'000; }, ""},
      {"a tick late", [](OutsideView& v) { v.cpu.busy_us -= 10'000; }, ""},
      {"stale", [](OutsideView& v) { v.boot_us += 591'000'000; }, "it was noted 601 s ago"},
      {"more cores", [](OutsideView& v) { v.cpu.cores = 64; }, "sees 64 cores, but 2 are there"},
      {"more memory", [](OutsideView& v) { v.memory_total_kib = 9; }, "sees 9 KiB of memory"},
      {"more use", [](OutsideView& v) { v.cpu.busy_us += 22'000'000; },
       "sees 722 s of CPU time since the boot, but it is 700 s"},
      {"less use", [](OutsideView& v) { v.cpu.busy_us -= 2'000'000; }, "sees 698 s"},
      {"earlier", [](OutsideView& v) { v.boot_us -= 20'000'000; }, "it was noted -10 s ago"}};
  for (const View& view : views) {
    OutsideView inside = host();
    inside.boot_us += 10'000'000;
    view.change(inside);
    const auto same = compare_views(host(), inside);
    EXPECT_EQ(static_cast<bool>(same), *view.refusal == '\0') << view.what;
    if (same) continue;
    EXPECT_EQ(same.error().code, Code::kConfig);
    EXPECT_THAT(same.error().message, HasSubstr(view.refusal)) << view.what;
  }
}

}  // namespace
}  // namespace meterbill
