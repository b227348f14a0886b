#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/kafka_properties.h"

namespace meterbill {

std::string to_text(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::kDefault:
      return origin.name.empty() ? "default" : "default: " + origin.name;
    case Origin::Kind::kFile:
      return fmt::format("{}:{}", origin.name, origin.line);
    case Origin::Kind::kEnvironment:
      return "environment " + origin.name;
    case Origin::Kind::kCommandLine:
      return "command line";
  }
  MB_ASSERT(false);
}

const Setting& Settings::at(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &Setting::name);
  MB_ASSERT(found != all_.end());
  return *found;
}

std::map<std::string, std::string> Settings::kafka_properties() const {
  std::map<std::string, std::string> properties;
  for (const Setting& setting : all_)
    if (setting.name.starts_with(kKafkaPrefix))
      properties.emplace(setting.name.substr(kKafkaPrefix.size()),
                         std::get<std::string>(setting.value));
  return properties;
}

SettingsChange compare(const OptionTable& table, const Settings& before, const Settings& after) {
  const auto values = [](const Settings& settings) {
    std::map<std::string, OptionValue> by_name;
    for (const Setting& setting : settings.all()) by_name.emplace(setting.name, setting.value);
    return by_name;
  };
  const auto old_values = values(before);
  const auto new_values = values(after);
  std::set<std::string> changed;
  for (const auto& [name, value] : old_values)
    if (const auto now = new_values.find(name); now == new_values.end() || now->second != value)
      changed.insert(name);
  for (const auto& [name, value] : new_values)
    if (!old_values.contains(name)) changed.insert(name);

  SettingsChange change;
  for (const std::string& name : changed) {
    const Option* option = table.find(name);
    const bool at_once = option != nullptr && option->reloadable;
    (at_once ? change.reloaded : change.needs_restart).push_back(name);
  }
  return change;
}

}  // namespace meterbill
