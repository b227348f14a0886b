#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace meterbill {

/// How far a long start has come: told by the thread that does the work, asked by one that tells
/// the service manager. Safe from any thread.
class StartProgress {
 public:
  /// A step begins or goes on: `summing totals anew`, 40 of 100. `all` 0: not known.
  void at(std::string_view step, std::int64_t done = 0, std::int64_t all = 0);
  /// The step is at work; how far cannot be said.
  void go_on();

  /// `starting: summing totals anew, 40 %`.
  [[nodiscard]] std::string line() const;
  /// Whether anything was told since this was asked last: a start that stands still gets no more
  /// time.
  [[nodiscard]] bool has_moved();

 private:
  mutable std::mutex mutex_;
  std::string step_;
  std::int64_t done_ = 0;
  std::int64_t all_ = 0;
  bool moved_ = true;
};

}  // namespace meterbill
