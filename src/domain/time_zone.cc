#include "domain/time_zone.h"

#include <fmt/format.h>

#include <cstdlib>

namespace meterbill {
namespace {

class UtcZone final : public TimeZone {
 public:
  UtcTime start_of(LocalDate date) const override {
    using namespace std::chrono;
    return {duration_cast<microseconds>(sys_days{date}.time_since_epoch()).count()};
  }

  LocalTime local(UtcTime time) const override {
    using namespace std::chrono;
    const sys_time<microseconds> at{microseconds{time.us}};
    const auto day = floor<days>(at);
    const hh_mm_ss clock{floor<seconds>(at - day)};
    return {LocalDate{day}, static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
            0};
  }

  const ZoneData& data() const override { return data_; }

 private:
  ZoneData data_{"UTC", "", ""};
};

std::string offset_text(std::int64_t offset_seconds) {
  const std::int64_t minutes = std::abs(offset_seconds) / 60;
  return fmt::format("{}{:02}:{:02}", offset_seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace

std::shared_ptr<const TimeZone> utc_zone() {
  static const std::shared_ptr<const TimeZone> kZone = std::make_shared<UtcZone>();
  return kZone;
}

std::string to_string(LocalDate date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string local_text(const TimeZone& zone, UtcTime time) {
  const LocalTime at = zone.local(time);
  const std::string seconds = at.second == 0 ? "" : fmt::format(":{:02}", at.second);
  return fmt::format("{} {:02}:{:02}{} {}", to_string(at.date), at.hour, at.minute, seconds,
                     offset_text(at.offset_seconds));
}

std::string local_date_text(const TimeZone& zone, UtcTime time) {
  const LocalDate date = zone.local(time).date;
  return zone.start_of(date) == time ? to_string(date) : local_text(zone, time);
}

std::string local_rfc3339(const TimeZone& zone, UtcTime time) {
  const LocalTime at = zone.local(time);
  return fmt::format("{}T{:02}:{:02}:{:02}{}", to_string(at.date), at.hour, at.minute, at.second,
                     offset_text(at.offset_seconds));
}

}  // namespace meterbill
