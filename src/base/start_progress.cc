#include "base/start_progress.h"

#include <fmt/format.h>

namespace meterbill {

void StartProgress::at(std::string_view step, std::int64_t done, std::int64_t all) {
  const std::scoped_lock lock(mutex_);
  step_ = step;
  done_ = done;
  all_ = all;
  moved_ = true;
}

void StartProgress::go_on() {
  const std::scoped_lock lock(mutex_);
  moved_ = true;
}

std::string StartProgress::line() const {
  const std::scoped_lock lock(mutex_);
  if (step_.empty()) return "starting";
  if (all_ <= 0) return "starting: " + step_;
  // In two steps: the product of large counts might not fit.
  const std::int64_t percent = all_ >= 100 ? done_ / (all_ / 100) : done_ * 100 / all_;
  return fmt::format("starting: {}, {} %", step_, percent < 100 ? percent : 100);
}

bool StartProgress::has_moved() {
  const std::scoped_lock lock(mutex_);
  const bool moved = moved_;
  moved_ = false;
  return moved;
}

}  // namespace meterbill
