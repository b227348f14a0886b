#include "adapters/host/proc_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace meterbill {
namespace {

constexpr std::size_t kBytesMax = std::size_t{4} << 20;

Error file_error(const std::filesystem::path& path, int system_error) {
  const std::string text = fmt::format("{}: {}", path.string(), std::strerror(system_error));
  if (system_error == ENOENT)
    return fail(Code::kNotFound, text + "; the service must see /proc (ProcSubset=all)");
  if (system_error == EACCES || system_error == EPERM)
    return fail(Code::kPermission, text + "; the service must be allowed to read /proc");
  return fail(Code::kIo, text);
}

}  // namespace

Result<std::string> read_proc_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return file_error(path, errno);
  std::string text;
  std::array<char, std::size_t{16} << 10> buffer;
  for (;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    const int system_error = errno;
    if (count <= 0 || text.size() > kBytesMax) {
      ::close(file);
      if (count < 0) return file_error(path, system_error);
      if (count > 0)
        return fail(Code::kInvalid, fmt::format("{} has more than 4 MiB", path.string()));
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace meterbill
