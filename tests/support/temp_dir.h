#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace meterbill {

/// A new empty folder, removed with all in it when the test ends.
class TempDir {
 public:
  TempDir() {
    std::random_device random;
    const auto parent = std::filesystem::temp_directory_path();
    do {  // until nobody had the name
      path_ = parent / ("meterbill-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace meterbill
