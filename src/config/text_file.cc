#include "config/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/platform_words.h"
#include "base/system_failure.h"

namespace meterbill {
namespace {

Error file_error(const std::string& path, std::error_code error) {
  Error failure = system_failure(path, error);
  if (failure.code == Code::kPermission) failure.message += fmt::format("; {}", kReadRemedy);
  return failure;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  const std::unique_ptr<std::FILE, CloseFile> file{std::fopen(path.c_str(), "rb")};
  if (!file) return file_error(path, {errno, std::generic_category()});
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() > bytes_max)
      return fail(Code::kInvalid, fmt::format("{}: larger than {} bytes", path, bytes_max));
  }
  if (std::ferror(file.get()) != 0) return file_error(path, {errno, std::generic_category()});
  return text;
}

Result<std::vector<std::string>> list_conf_files(const std::string& folder, std::size_t files_max) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  fs::directory_iterator entry{folder, error};
  for (; !error && entry != fs::directory_iterator{}; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(".conf")) continue;
    if (paths.size() == files_max)
      return fail(Code::kInvalid, fmt::format("{}: more than {} files", folder, files_max));
    paths.push_back(entry->path().string());
  }
  if (error == std::errc::no_such_file_or_directory) return paths;
  if (error) return file_error(folder, error);
  std::ranges::sort(paths);
  return paths;
}

}  // namespace meterbill
