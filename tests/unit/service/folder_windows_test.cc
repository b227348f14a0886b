#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "service/folder.h"
#include "service/public_file.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const {
    return (dir_.path() / name).string();
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(at(name)).rdbuf();
    return text.str();
  }
  TempDir dir_;
};

TEST_F(FolderTest, WhatIsMissingIsMade) {
  ASSERT_TRUE(prepare_folder(at("new"), "agent.state_dir"));
  EXPECT_TRUE(fs::is_directory(at("new")));
  ASSERT_TRUE(prepare_folder(at("new"), "agent.state_dir"));
  EXPECT_TRUE(fs::is_empty(at("new"))) << "a probe was left";
}

TEST_F(FolderTest, WhatCannotBeIsNamedWithTheRemedy) {
  std::ofstream(at("file")) << "x";
  for (const auto& [path, says] : {std::pair{"a\\b", "does not exist; make it, or set"},
                                   std::pair{"file", "is no folder; move it away"}}) {
    const auto made = prepare_folder(at(path), "agent.state_dir");
    ASSERT_FALSE(made) << path;
    EXPECT_EQ(made.error().code, Code::kConfig) << path;
    for (const std::string& part : {std::string("agent.state_dir: "), at(path), std::string(says),
                                    std::string("to another place")})
      EXPECT_NE(made.error().message.find(part), std::string::npos) << made.error().message;
  }
}

TEST_F(FolderTest, APublicFileIsReplacedWhole) {
  for (const char* said : {"first\n", "second, which is longer\n", "third\n"}) {
    ASSERT_TRUE(write_public_file(at("view"), said));
    EXPECT_EQ(text("view"), said);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1);
}

TEST_F(FolderTest, AFolderThatIsNotThereIsNamed) {
  const auto written = write_public_file(at("no\\view"), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kNotFound);
  EXPECT_NE(written.error().message.find(at("no\\view")), std::string::npos);
}

}  // namespace
}  // namespace meterbill
