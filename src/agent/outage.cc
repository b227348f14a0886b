#include "agent/outage.h"

namespace meterbill {

std::optional<Outage> OutageLog::failed(const Instant& now, const std::string& detail,
                                        std::int64_t waiting) {
  if (!current_) {
    current_ = Outage{.since = now.utc, .lasted_us = 0, .detail = {}, .waiting = 0};
    began_boot_us_ = now.boot_us;
  }
  current_->lasted_us = now.boot_us - began_boot_us_;
  current_->detail = detail;
  current_->waiting = waiting;
  if (current_->lasted_us < kQuietUs) return std::nullopt;
  if (reported_boot_us_ && now.boot_us - *reported_boot_us_ < kSummaryUs) return std::nullopt;
  reported_boot_us_ = now.boot_us;
  return current_;
}

std::optional<Outage> OutageLog::succeeded(const Instant& now) {
  if (!current_) return std::nullopt;
  std::optional<Outage> ended;
  if (reported_boot_us_) {
    ended = current_;
    ended->lasted_us = now.boot_us - began_boot_us_;
  }
  current_.reset();
  reported_boot_us_.reset();
  return ended;
}

}  // namespace meterbill
