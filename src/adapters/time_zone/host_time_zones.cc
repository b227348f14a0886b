#include "adapters/time_zone/host_time_zones.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/time_zone/zone_files.h"
#include "config/nearest.h"

namespace meterbill {
namespace {

using date::local_seconds;
using date::sys_seconds;
using std::chrono::seconds;

class HostZone final : public TimeZone {
 public:
  HostZone(const date::time_zone* zone, std::optional<PosixRule> rule, ZoneData data)
      : zone_(zone), rule_(rule), data_(std::move(data)) {}

  UtcTime start_of(LocalDate date) const override {
    const std::int64_t midnight =
        duration_cast<seconds>(std::chrono::sys_days{date}.time_since_epoch()).count();
    // Offsets stay within a day and change at most once around one midnight: the first instant that
    // shows this date or a later one lies between these two.
    const std::int64_t before = offset_at(midnight - kDay);
    const std::int64_t after = offset_at(midnight + kDay);
    std::int64_t start = midnight - std::max(before, after);
    if (before != after && start + offset_at(start) < midnight) {
      const std::int64_t late = midnight - std::min(before, after);
      start = first_showing(midnight, start, late);
    }
    return {start * 1'000'000};
  }

  LocalTime local(UtcTime time) const override {
    using namespace std::chrono;
    const std::int64_t unix_seconds = floor<seconds>(microseconds{time.us}).count();
    const std::int64_t offset = offset_at(unix_seconds);
    const std::chrono::sys_seconds shown{seconds{unix_seconds + offset}};
    const auto day = floor<std::chrono::days>(shown);
    const std::chrono::hh_mm_ss clock{shown - day};
    return {LocalDate{day}, static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
            offset};
  }

  const ZoneData& data() const override { return data_; }

 private:
  static constexpr std::int64_t kDay = 86'400;

  std::int64_t offset_at(std::int64_t unix_seconds) const {
    const date::sys_info info = zone_->get_info(sys_seconds{seconds{unix_seconds}});
    const bool listed = info.end < date::sys_days{date::year{2900} / 1 / 1};
    return listed || !rule_ ? info.offset.count() : rule_->offset_at(unix_seconds);
  }

  /// The first instant in [low, high] whose local time is at or after `midnight`: the change itself
  /// when clocks are moved over midnight.
  std::int64_t first_showing(std::int64_t midnight, std::int64_t low, std::int64_t high) const {
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (middle + offset_at(middle) >= midnight)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  const date::time_zone* zone_;
  std::optional<PosixRule> rule_;
  ZoneData data_;
};

Error unknown_zone(std::string_view name) {
  std::vector<std::string> names{"UTC"};
  for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  const std::string near = nearest(name, names);
  return fail(Code::kNotFound,
              fmt::format("there is no time zone '{}'; {}", name,
                          near.empty() ? "write a name such as Europe/Berlin or UTC"
                                       : fmt::format("did you mean {}?", near)));
}

const date::time_zone* locate(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

HostTimeZones::HostTimeZones(Digest sha256_hex, std::string folder)
    : sha256_hex_(std::move(sha256_hex)), folder_(std::move(folder)) {}

Result<std::shared_ptr<const TimeZone>> HostTimeZones::find(std::string_view name) const {
  if (name == "UTC") return utc_zone();
  try {
    open_zone_files(folder_);
  } catch (const std::exception& error) {
    return fail(Code::kUnavailable,
                fmt::format("there is no tz database ({}); {}, or use the time zone UTC",
                            error.what(), kZoneFilesRemedy));
  }
  try {
    const date::time_zone* zone = locate(name);
    if (zone == nullptr) return unknown_zone(name);
    MB_TRY(const ZoneFile file, read_zone_file(folder_, zone->name()));
    zone->get_info(sys_seconds{});  // reads the file: what cannot be read is found here
    return std::make_shared<HostZone>(
        zone, file.rule, ZoneData{std::string(name), file.version, sha256_hex_(file.text)});
  } catch (const std::exception& error) {
    return fail(Code::kDamaged, fmt::format("time zone {}: {}", name, error.what()));
  }
}

}  // namespace meterbill
