#include "config/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/assert.h"
#include "config/kafka_properties.h"
#include "config/nearest.h"
#include "config/places.h"

namespace meterbill {
namespace {

/// `agent.spool_max_bytes` → `AGENT_SPOOL_MAX_BYTES`.
std::string in_capitals(std::string_view key) {
  std::string text{key};
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '.' || c == '-') c = '_';
  }
  return text;
}

}  // namespace

const Option* OptionTable::find(std::string_view name) const {
  const auto row = std::ranges::find(options, name, &Option::name);
  return row == options.end() ? nullptr : &*row;
}

std::string OptionTable::file_in(const std::string& folder) const {
  return (std::filesystem::path(folder) / fmt::format("{}.conf", short_name)).string();
}

std::string OptionTable::default_file() const { return file_in(standard_places().config); }

std::string OptionTable::environment_prefix() const {
  return fmt::format("METERBILL_{}_", in_capitals(short_name));
}

std::string OptionTable::environment_name(std::string_view key) const {
  const std::string own = std::string(short_name) + ".";
  if (key.starts_with(own)) key.remove_prefix(own.size());
  return environment_prefix() + in_capitals(key);
}

std::string OptionTable::key_of_variable(std::string_view variable) const {
  MB_ASSERT(variable.starts_with(environment_prefix()));
  const std::string_view rest = variable.substr(environment_prefix().size());
  for (const Option& option : options)
    if (rest == in_capitals(option.name) || variable == environment_name(option.name))
      return std::string(option.name);
  if (!rest.starts_with(in_capitals(kKafkaPrefix))) return {};
  // Of a librdkafka property every underscore is a dot: it has properties with underscores only
  // for callbacks, which no text can set.
  std::string key;
  for (const char c : rest) {
    if (c == '_')
      key += '.';
    else
      key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return key;
}

std::string OptionTable::hint(std::string_view unknown_key) const {
  const std::string near = nearest(unknown_key, names());
  if (!near.empty()) return fmt::format("; did you mean {}?", near);
  return fmt::format("; `meterbill config default {}` lists all keys", short_name);
}

bool OptionTable::has_section(std::string_view section) const {
  const std::string start = std::string(section) + ".";
  return start.starts_with(kKafkaPrefix) || std::ranges::any_of(options, [&](const Option& option) {
           return option.name.starts_with(start);
         });
}

std::string OptionTable::section_hint(std::string_view unknown_section) const {
  std::vector<std::string> sections;
  for (const Option& option : options) {
    std::string section{option.name.substr(0, option.name.find('.'))};
    if (std::ranges::find(sections, section) == sections.end())
      sections.push_back(std::move(section));
  }
  sections.emplace_back(kKafkaPrefix.substr(0, kKafkaPrefix.size() - 1));
  const std::string near = nearest(unknown_section, sections);
  if (!near.empty()) return fmt::format("; did you mean [{}]?", near);
  return fmt::format("; there are [{}]", fmt::join(sections, "], ["));
}

std::string OptionTable::variable_hint(std::string_view unknown_variable) const {
  std::vector<std::string> variables;
  for (const Option& option : options) {
    variables.push_back(environment_name(option.name));
    variables.push_back(environment_prefix() + in_capitals(option.name));
  }
  // Without the prefix, which all share: with it any two variables would seem near.
  const std::size_t prefix = environment_prefix().size();
  for (std::string& variable : variables) variable.erase(0, prefix);
  const std::string near = nearest(unknown_variable.substr(prefix), variables);
  if (!near.empty()) return fmt::format("; did you mean {}{}?", environment_prefix(), near);
  return hint({});
}

std::vector<std::string> OptionTable::names() const {
  std::vector<std::string> all;
  all.reserve(options.size());
  for (const Option& option : options) all.emplace_back(option.name);
  return all;
}

}  // namespace meterbill
