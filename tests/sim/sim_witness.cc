#include "sim/sim_witness.h"

#include <algorithm>

namespace meterbill::sim {
namespace {

/// The end of the boot clock's interval grows, its begin falls: kept as its negative, so that one
/// rule serves for all.
Fields fields_of(const Reading& reading) {
  Fields fields;
  fields.reserve(reading.used.size() + 7);
  fields["final"] = reading.final ? 1 : 0;
  for (const auto& [meter, value] : reading.used) fields["used." + meter.str()] = value;
  if (reading.scopes > 0) fields["scopes"] = reading.scopes;
  if (!reading.cover) return fields;
  fields["-from_us"] = -reading.cover->from_us;
  fields["to_us"] = reading.cover->to_us;
  fields["metered_us"] = reading.cover->metered_us;
  fields["estimated_us"] = reading.cover->estimated_us;
  fields["off_us"] = reading.cover->off_us;
  return fields;
}

}  // namespace

void Witness::encoded(const std::string& value, const MessageFrame& frame,
                      std::span<const Reading> readings) {
  boots_[frame.epoch.str()] = frame.boot.str();
  auto& rows = messages_[value];
  rows.clear();
  for (const Reading& reading : readings)
    rows.emplace_back(FieldsKey{frame.machine.str(), frame.epoch.str(), to_string(reading.slot),
                                reading.scope.str()},
                      fields_of(reading));
}

bool Witness::has_slot_after(const std::string& value, UtcTime time) const {
  const auto found = messages_.find(value);
  // Slots are written so that later ones sort behind.
  return found != messages_.end() && std::ranges::any_of(found->second, [&](const auto& row) {
           return std::get<2>(row.first) > to_string(time);
         });
}

void Witness::add(Merged& into, const std::string& value) {
  const auto found = messages_.find(value);
  if (found == messages_.end()) return;  // a sample or an event
  for (const auto& [key, fields] : found->second) {
    const auto [stored, is_new] = into.try_emplace(key, fields);
    if (is_new) continue;
    for (const auto& [name, number] : fields) {
      const auto [field, is_new_field] = stored->second.try_emplace(name, number);
      if (!is_new_field) field->second = std::max(field->second, number);
    }
  }
}

}  // namespace meterbill::sim
