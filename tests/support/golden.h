#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace meterbill {

/// Expects `text` to be, byte for byte, the file at `path` under the source tree. With
/// MB_UPDATE_GOLDEN=1 it writes the file instead, except where CI is set: a check must not make
/// itself right.
inline void expect_golden(const std::string& path, const std::string& text) {
  const std::string file = std::string(METERBILL_SOURCE_DIR) + "/" + path;
  if (std::getenv("MB_UPDATE_GOLDEN") != nullptr && std::getenv("CI") == nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream input(file, std::ios::binary);
  std::ostringstream wanted;
  wanted << input.rdbuf();
  EXPECT_TRUE(input.is_open()) << path << " does not exist";
  EXPECT_EQ(wanted.str(), text) << "if the change is meant: MB_UPDATE_GOLDEN=1, for " << path;
}

}  // namespace meterbill
