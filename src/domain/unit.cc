#include "domain/unit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace meterbill {
namespace {

constexpr std::array kCpuUnits{Unit{"core_hour", 3'600'000'000}, Unit{"core_second", 1'000'000}};
// 1 GiB for an hour is 1,048,576 KiB × 3,600 s; 1 GB (10⁹ bytes) is 976,562.5 KiB, for an hour a
// whole number again.
constexpr std::array kMemoryUnits{Unit{"gib_hour", 3'774'873'600}, Unit{"gb_hour", 3'515'625'000},
                                  Unit{"mib_hour", 3'686'400}};
constexpr std::array kByteUnits{Unit{"gb", 1'000'000'000},
                                Unit{"gib", 1'073'741'824},
                                Unit{"mb", 1'000'000},
                                Unit{"mib", 1'048'576},
                                Unit{"tb", 1'000'000'000'000},
                                Unit{"tib", 1'099'511'627'776},
                                Unit{"byte", 1}};
constexpr std::array kUptimeUnits{Unit{"machine_hour", 3'600'000'000},
                                  Unit{"machine_second", 1'000'000}};
constexpr std::array kSampleUnits{Unit{"percent_sample", 1'000'000'000}};
constexpr std::array kCustomUnits{Unit{"unit", 1'000'000'000}};

constexpr std::array kMeters{
    MeterKind{"cpu", "core_us", "processor time used", kCpuUnits},
    MeterKind{"cpu_capacity", "core_us", "processor time there was to use", kCpuUnits},
    MeterKind{"memory", "kib_s", "memory in use (total less available) times time", kMemoryUnits},
    MeterKind{"memory_capacity", "kib_s", "memory there was to use", kMemoryUnits},
    MeterKind{"disk_read", "byte", "bytes read from disks", kByteUnits},
    MeterKind{"disk_write", "byte", "bytes written to disks", kByteUnits},
    MeterKind{"net_in", "byte", "bytes received from the network", kByteUnits},
    MeterKind{"net_out", "byte", "bytes sent to the network", kByteUnits},
    MeterKind{"uptime", "us", "time the machine ran", kUptimeUnits},
    MeterKind{"cpu_usage", "nano_percent_sample", "sum of the CPU percentages of the samples",
              kSampleUnits},
    MeterKind{"memory_usage", "nano_percent_sample", "sum of the memory percentages of the samples",
              kSampleUnits},
};
constexpr MeterKind kCustom{"", "nano_unit", "quantity reported by an application", kCustomUnits};

}  // namespace

std::span<const MeterKind> known_meters() { return kMeters; }

const MeterKind& meter_kind(const MeterName& meter) {
  const auto* const found = std::ranges::find(kMeters, meter.str(), &MeterKind::name);
  return found == kMeters.end() ? kCustom : *found;
}

Result<Unit> find_unit(const MeterName& meter, std::string_view unit) {
  const std::span<const Unit> units = meter_kind(meter).units;
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found != units.end()) return *found;
  std::vector<std::string_view> names;
  for (const Unit& known : units) names.push_back(known.name);
  return fail(Code::kNotFound, fmt::format("meter '{}' is not counted in '{}'; its units are {}",
                                           meter.str(), unit, fmt::join(names, ", ")));
}

}  // namespace meterbill
