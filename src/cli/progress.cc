#include "cli/progress.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/units_text.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
/// Before that a rate says nothing.
constexpr std::int64_t kRateAfterMs = 500;

}  // namespace

std::string to_text(const Progress& progress) {
  if (progress.bytes_all <= 0) return "";
  std::string text = fmt::format("{} %   {} of {}", progress.bytes_done * 100 / progress.bytes_all,
                                 size_text(progress.bytes_done), size_text(progress.bytes_all));
  if (progress.took_ms < kRateAfterMs) return text;
  const std::int64_t bytes_per_ms = progress.bytes_done / progress.took_ms;
  if (bytes_per_ms == 0) return text;
  return text + fmt::format("   {}/s   {} left", size_text(bytes_per_ms * 1'000),
                            duration_text((progress.bytes_all - progress.bytes_done) /
                                          bytes_per_ms / 1'000));
}

void ProgressLine::show(const std::string& text, std::int64_t took_ms) {
  if (text.empty()) return;
  if (terminal_.overwrites) {
    // Return to the first column, write, and clear what is left of a longer line.
    terminal_.err << '\r' << what_ << "   " << text << "\x1b[K" << std::flush;
    is_shown_ = true;
    return;
  }
  const std::int64_t minutes = took_ms / kMinuteMs;
  if (minutes == minutes_told_) return;
  minutes_told_ = minutes;
  terminal_.err << what_ << "   " << text << std::endl;
}

void ProgressLine::clear() {
  if (is_shown_) terminal_.err << "\r\x1b[K" << std::flush;
  is_shown_ = false;
}

}  // namespace meterbill
