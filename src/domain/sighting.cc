#include "domain/sighting.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace meterbill {

void Sighting::merge(const Sighting& other) {
  at = std::max(at, other.at);
  // Two messages of one time: the texts decide, so that neither is "the first".
  const auto newest = [](const Sighting& seen) {
    return std::tie(seen.percent_at, seen.cpu_usage_percent, seen.memory_usage_percent);
  };
  if (newest(other) <= newest(*this)) return;
  percent_at = other.percent_at;
  cpu_usage_percent = other.cpu_usage_percent;
  memory_usage_percent = other.memory_usage_percent;
}

Sighting seen_at(UtcTime recorded, std::string cpu_usage_percent,
                 std::string memory_usage_percent) {
  const bool tells = !cpu_usage_percent.empty() || !memory_usage_percent.empty();
  return {.at = recorded,
          .percent_at = tells ? recorded : UtcTime{},
          .cpu_usage_percent = std::move(cpu_usage_percent),
          .memory_usage_percent = std::move(memory_usage_percent)};
}

}  // namespace meterbill
