#include "report/meanings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace meterbill {
namespace {

/// A unit without a row explains itself.
std::string_view unit_meaning(std::string_view unit) {
  using Row = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kRows{
      Row{"core_hour", "one core busy for one hour is 1 core_hour"},
      Row{"core_second", "one core busy for one second is 1 core_second"},
      Row{"gib_hour", "1 GiB for an hour is 1 gib_hour"},
      Row{"gb_hour", "1 GB (1,000,000,000 bytes) for an hour is 1 gb_hour"},
      Row{"mib_hour", "1 MiB for an hour is 1 mib_hour"},
      Row{"gb", "1,000,000,000 bytes are 1 gb"},
      Row{"gib", "1,073,741,824 bytes are 1 gib"},
      Row{"mb", "1,000,000 bytes are 1 mb"},
      Row{"mib", "1,048,576 bytes are 1 mib"},
      Row{"tb", "1,000,000,000,000 bytes are 1 tb"},
      Row{"tib", "1,099,511,627,776 bytes are 1 tib"},
      Row{"machine_hour", "one machine for one hour is 1 machine_hour"},
      Row{"machine_second", "one machine for one second is 1 machine_second"},
      Row{"percent_sample", "one sample of 37.5 % is 37.5 percent_sample"},
  };
  const auto* const row = std::ranges::find(kRows, unit, &Row::first);
  return row == kRows.end() ? std::string_view() : row->second;
}

}  // namespace

std::map<MeterName, std::string, MeterOrder> meanings_of(
    const Statement& statement, const std::function<bool(const MeterName&)>& shows_unpriced) {
  std::map<MeterName, std::string, MeterOrder> meanings;
  const auto add = [&meanings](const MeterName& meter, const Unit& unit) {
    const auto [entry, is_new] = meanings.try_emplace(meter, meter_kind(meter).meaning);
    std::string& text = entry->second;
    const std::string_view meaning = unit_meaning(unit.name);
    if (!meaning.empty() && text.find(meaning) == std::string::npos)
      text += (is_new ? ": " : "; ") + std::string(meaning);
  };
  for (const MachineStatement& machine : statement.machines) {
    for (const Line& line : machine.lines) add(line.key.meter, line.version.unit);
    for (const UnpricedLine& line : machine.unpriced)
      if (shows_unpriced(line.key.meter)) add(line.key.meter, line.unit);
  }
  return meanings;
}

}  // namespace meterbill
