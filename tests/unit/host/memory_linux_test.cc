#include "adapters/host/memory.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(MemoryTest, UsedIsTotalLessAvailable) {
  const auto memory = parse_memory(
      "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    400 kB\nBuffers: 7 kB\n");
  ASSERT_TRUE(memory) << memory.error().message;
  EXPECT_EQ(memory.value(), (MemoryGauge{.total_kib = 1000, .used_kib = 600}));
}

TEST(MemoryTest, MoreAvailableThanThereIsMeansNothingIsUsed) {
  EXPECT_EQ(parse_memory("MemTotal: 10 kB\nMemAvailable: 11 kB\n").value().used_kib, 0);
}

struct BrokenMemory {
  const char* name;
  const char* text;
};
constexpr BrokenMemory kBroken[] = {
    {"empty", ""},
    {"no_total", "MemAvailable: 4 kB\n"},
    {"no_available", "MemTotal: 4 kB\nMemFree: 1 kB\n"},
    {"nothing_at_all", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"},
    {"another_unit", "MemTotal: 4 MB\nMemAvailable: 1 MB\n"},
    {"not_a_number", "MemTotal: x kB\nMemAvailable: 1 kB\n"},
    {"negative", "MemTotal: 4 kB\nMemAvailable: -1 kB\n"},
    {"too_large", "MemTotal: 9223372036854775807 kB\nMemAvailable: 1 kB\n"},
};
class BrokenMemoryTest : public testing::TestWithParam<BrokenMemory> {};
TEST_P(BrokenMemoryTest, IsInvalid) {
  const auto memory = parse_memory(GetParam().text);
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::kInvalid);
}
INSTANTIATE_TEST_SUITE_P(MemoryTest, BrokenMemoryTest, testing::ValuesIn(kBroken),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace meterbill
