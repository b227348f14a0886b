#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meterbill {

/// One `key = value` of a file, as written; `section` is the `[section]` above it.
struct IniEntry {
  int line = 0;  ///< from 1
  std::string section{};
  std::string key{};
  std::string value{};
  bool cut_by_comment = false;  ///< an unquoted value with a comment behind it
};

/// A line that cannot be read. `message` never holds the line itself: it may be a password.
struct IniProblem {
  int line = 0;
  std::string message;
};

/// A line `[name]`.
struct IniSection {
  int line = 0;
  std::string name;
};

struct IniText {
  std::vector<IniSection> sections;
  std::vector<IniEntry> entries;
  std::vector<IniProblem> problems;
};

/// Splits the text of a configuration file. All lines are read, whatever is wrong with some.
///
/// Not the reader of Boost.Program_options: it cuts every value at `#`, also in the middle of a
/// password, and knows no line numbers. Here a comment begins with `#` at the start of a line or
/// behind a blank (`;` only at the start); a value keeps its inner blanks; `"…"` keeps everything
/// as written, with `\"` and `\\` for a quote and a backslash.
[[nodiscard]] IniText split_ini(std::string_view text);

}  // namespace meterbill
