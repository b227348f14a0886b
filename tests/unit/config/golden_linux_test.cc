#include "support/golden.h"

#include <gtest/gtest-spi.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "support/temp_dir.h"

namespace meterbill {
namespace {

/// A golden text outside of the sources; the environment is as it was behind each test.
class GoldenTest : public testing::Test {
 protected:
  GoldenTest() {
    std::ofstream(file_) << "as it was\n";
    for (const char* name : {"CI", "MB_UPDATE_GOLDEN"})
      if (const char* value = std::getenv(name)) before_.emplace_back(name, value);
    unset();
  }
  ~GoldenTest() override {
    unset();
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }

  static void unset() {
    unsetenv("CI");
    unsetenv("MB_UPDATE_GOLDEN");
  }
  [[nodiscard]] std::string path() const {
    return std::filesystem::relative(file_, METERBILL_SOURCE_DIR).string();
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

  TempDir folder_;
  std::string file_ = folder_.path() / "golden.txt";
  std::vector<std::pair<std::string, std::string>> before_;
};

TEST_F(GoldenTest, IsRewrittenOnlyWhenAPersonAsksForIt) {
  setenv("MB_UPDATE_GOLDEN", "1", 1);
  expect_golden(path(), "new\n");
  EXPECT_EQ(text(), "new\n");
}

TEST_F(GoldenTest, IsNotRewrittenWhereCiIsSet) {
  setenv("MB_UPDATE_GOLDEN", "1", 1);
  setenv("CI", "1", 1);
  testing::TestPartResultArray failures;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(&failures);
    expect_golden(path(), "new\n");
  }
  EXPECT_EQ(failures.size(), 1);
  EXPECT_EQ(text(), "as it was\n");
}

}  // namespace
}  // namespace meterbill
