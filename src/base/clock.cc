#include "base/clock.h"

#include <fmt/format.h>

namespace meterbill {

std::string to_string(UtcTime time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds{time.us}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{instant - day};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:06}", clock.subseconds().count());
  return text + "Z";
}

}  // namespace meterbill
