#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace meterbill {

/// Gathers what is wrong, so that an operator mends everything in one go.
class Problems {
 public:
  /// Stores the value, or remembers the failure.
  template <class T>
  void take(Result<T> result, T& into) {
    if (result)
      into = std::move(result).value();
    else
      add(result.error().message);
  }

  void add(std::string_view line) {
    if (!lines_.empty()) lines_ += '\n';
    lines_ += line;
  }

  /// kConfig with one problem a line, or success.
  [[nodiscard]] Result<void> result() const {
    if (!lines_.empty()) return fail(Code::kConfig, lines_);
    return ok();
  }

 private:
  std::string lines_;
};

/// The text with `?` for every byte that is not visible ASCII: for messages about text of unknown
/// origin.
[[nodiscard]] inline std::string printable(std::string_view text) {
  std::string shown{text.substr(0, 200)};
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return shown;
}

}  // namespace meterbill
