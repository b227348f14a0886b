#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// What stands behind a command's path, taken apart.
struct Arguments {
  std::vector<std::string> words;
  std::map<std::string, std::string, std::less<>> values;  ///< a switch that was given is ""

  [[nodiscard]] bool has(std::string_view flag) const { return values.contains(flag); }
  [[nodiscard]] std::optional<std::string> value(std::string_view flag) const;
};

/// Takes arguments apart: `--name=value` and `--name value`, switches, and at most `words_max`
/// others; behind `--` all are words. Names are never guessed from a beginning. kUsage: an unknown
/// option with the nearest one, one given twice, a missing value, a word too many.
[[nodiscard]] Result<Arguments> parse_arguments(const std::vector<std::string>& arguments,
                                                const std::vector<Flag>& flags,
                                                std::size_t words_max);

}  // namespace meterbill
