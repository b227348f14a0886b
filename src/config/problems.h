#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace meterbill {

/// One thing that is wrong with what was set, and where it was set.
struct Problem {
  Origin origin;        ///< kDefault: nobody set it; the message says what to set
  std::string message;  ///< one line that names the key; never a secret
};

/// Gathers what is wrong, so that an operator mends everything in one go.
class Problems {
 public:
  void add(Origin origin, std::string message) {
    all_.push_back({std::move(origin), std::move(message)});
  }
  void add(const Problems& more) { all_.insert(all_.end(), more.all_.begin(), more.all_.end()); }

  /// kConfig, or kUsage when all of it was said on the command line, with one problem a line, in
  /// the order of the places: files by name, which is the order in which they are read, and in a
  /// file by line. Success when nothing is wrong.
  [[nodiscard]] Result<void> result() const {
    if (all_.empty()) return ok();
    std::vector<Problem> sorted = all_;
    std::ranges::stable_sort(sorted, {}, [](const Problem& problem) {
      return std::tuple(problem.origin.kind, problem.origin.name, problem.origin.line);
    });
    std::string lines;
    for (const Problem& problem : sorted) {
      if (!lines.empty()) lines += '\n';
      if (problem.origin.kind != Origin::Kind::kDefault) lines += to_text(problem.origin) + ": ";
      lines += problem.message;
    }
    const bool was_typed = std::ranges::all_of(sorted, [](const Problem& problem) {
      return problem.origin.kind == Origin::Kind::kCommandLine;
    });
    return fail(was_typed ? Code::kUsage : Code::kConfig, std::move(lines));
  }

 private:
  std::vector<Problem> all_;
};

}  // namespace meterbill
