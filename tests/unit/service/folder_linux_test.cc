#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "service/folder.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const {
    return (dir_.path() / name).string();
  }
  static mode_t mode(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  TempDir dir_;
};

TEST_F(FolderTest, WhatIsMissingIsMadeForOwnerAndGroup) {
  ASSERT_TRUE(prepare_folder(at("new"), "agent.state_dir"));
  EXPECT_EQ(mode(at("new")), 0750U);
  ASSERT_TRUE(prepare_folder(at("new/"), "agent.state_dir"));
}

TEST_F(FolderTest, WhatIsThereKeepsItsMode) {
  fs::create_directory(at("old"));
  ASSERT_EQ(chmod(at("old").c_str(), 0700), 0);
  ASSERT_TRUE(prepare_folder(at("old"), "agent.state_dir"));
  EXPECT_EQ(mode(at("old")), 0700U);
}

TEST_F(FolderTest, TheFolderOfAFileIsMadeLikewise) {
  ASSERT_TRUE(prepare_folder_of(at("run/control.sock"), "agent.control"));
  EXPECT_EQ(mode(at("run")), 0750U);
  EXPECT_TRUE(prepare_folder_of("control.sock", "agent.control"));
  EXPECT_TRUE(prepare_folder_of("", "agent.control"));
}

struct Fault {
  const char* path;
  Code code;
  const char* says;
};

TEST_F(FolderTest, WhatCannotBeIsNamedWithTheRemedy) {
  std::ofstream(at("file")) << "x";
  fs::create_symlink(at("nowhere"), at("link"));
  for (const Fault& fault : {Fault{"a/b", Code::kConfig, "does not exist; make it, or set"},
                             Fault{"file", Code::kConfig, "is no folder; move it away"},
                             Fault{"file/a", Code::kConfig, "does not exist; make it, or set"},
                             Fault{"link", Code::kConfig, "is no folder; move it away"}}) {
    const auto made = prepare_folder(at(fault.path), "agent.state_dir");
    ASSERT_FALSE(made) << fault.path;
    EXPECT_EQ(made.error().code, fault.code) << fault.path;
    for (const std::string& text : {std::string("agent.state_dir: "), at(fault.path),
                                    std::string(fault.says), std::string("to another place")})
      EXPECT_NE(made.error().message.find(text), std::string::npos) << made.error().message;
  }
}

/// As a user who owns nothing there.
int as_nobody(const std::string& path) {
  if (geteuid() == 0 && seteuid(65'534) != 0) return 90;
  const auto made = prepare_folder(path, "worker.state_dir");
  if (made) return 91;
  if (made.error().message.find("give the service's user the right to write there") ==
      std::string::npos)
    return 92;
  return made.error().code == Code::kPermission ? 0 : 93;
}

TEST_F(FolderTest, WhereItMayNotWriteItSaysSo) {
  testing::FLAGS_gtest_death_test_style = "fast";
  fs::create_directory(at("shut"));
  ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(at("shut").c_str(), 0555), 0);
  for (const char* const path : {"shut", "shut/new"})
    EXPECT_EXIT(std::_Exit(as_nobody(at(path))), testing::ExitedWithCode(0), "");
  ASSERT_EQ(chmod(at("shut").c_str(), 0755), 0);
}

}  // namespace
}  // namespace meterbill
