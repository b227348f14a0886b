#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterbill {

/// All of a file below /proc. These report a size of 0, so they are read to their end; more than
/// 4 MiB is kInvalid. kPermission and kNotFound name the usual remedy: a sandbox that hides /proc.
[[nodiscard]] Result<std::string> read_proc_file(const std::filesystem::path& path);

/// Cuts the next line off `text`, without its end.
[[nodiscard]] std::string_view take_line(std::string_view& text);

/// Cuts the next word off `line`; empty at its end.
[[nodiscard]] std::string_view take_word(std::string_view& line);

}  // namespace meterbill
