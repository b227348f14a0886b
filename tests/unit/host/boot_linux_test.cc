#include "adapters/host/boot.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

const std::filesystem::path kTrees = METERBILL_SOURCE_DIR "/tests/fixtures/proc";

TEST(BootTest, TheIdIsTheLineWithoutItsEnd) {
  EXPECT_EQ(read_boot(kTrees / "two_cores").value().str(), "3f0c2a5e-9b1d-4c77-8f52-1a6d0e4b7c93");
}

TEST(BootTest, AnythingElseIsInvalid) {
  for (const char* const text : {"", "\n", "a b\n", "a\nb\n"}) {
    const auto boot = parse_boot(text);
    ASSERT_FALSE(boot) << text;
    EXPECT_EQ(boot.error().code, Code::kInvalid);
  }
}

TEST(BootTest, AHiddenProcIsNotFoundWithItsRemedy) {
  const auto boot = read_boot(kTrees / "absent");
  ASSERT_FALSE(boot);
  EXPECT_EQ(boot.error().code, Code::kNotFound);
  EXPECT_NE(boot.error().message.find("ProcSubset"), std::string::npos);
}

}  // namespace
}  // namespace meterbill
