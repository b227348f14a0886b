#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"

namespace meterbill {

/// How far long work on so many bytes is.
struct Progress {
  std::int64_t bytes_done = 0;
  std::int64_t bytes_all = 0;  ///< 0: not known yet
  std::int64_t took_ms = 0;
};

/// "45 %   1.2 GB of 2.7 GB   118 MB/s   12 s left"; empty before anything can be said.
[[nodiscard]] std::string to_text(const Progress& progress);

/// Shows on Terminal::err what long work is at: one line that is written over on a terminal, a line
/// a minute otherwise. The line is gone when the object is.
class ProgressLine {
 public:
  /// `what` stands before each text: "backup".
  ProgressLine(const Terminal& terminal, std::string what)
      : terminal_(terminal), what_(std::move(what)) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  /// `took_ms`: since the work began; never falls.
  void show(const std::string& text, std::int64_t took_ms);
  /// Before anything else is written to the terminal.
  void clear();

 private:
  const Terminal& terminal_;
  std::string what_;
  bool is_shown_ = false;
  std::int64_t minutes_told_ = 0;
};

}  // namespace meterbill
