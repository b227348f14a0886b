#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "service/public_file.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PublicFileTest, EverybodyMayReadItWhateverTheUmaskIs) {
  const TempDir folder;
  const std::string path = (folder.path() / "view").string();
  const mode_t before = umask(0077);
  for (const char* text : {"first\n", "second, which is longer\n"}) {
    EXPECT_TRUE(write_public_file(path, text));
    EXPECT_EQ(text_of(path), text);
  }
  umask(before);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0644));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(PublicFileTest, AFolderThatIsNotThereIsNamed) {
  const auto written = write_public_file("/nonexistent/view", "x");
  EXPECT_EQ(written.error().code, Code::kNotFound);
  EXPECT_EQ(written.error().message, "/nonexistent/view: No such file or directory");
}

}  // namespace
}  // namespace meterbill
