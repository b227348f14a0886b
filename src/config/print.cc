#include "config/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/kafka_properties.h"
#include "config/places.h"

namespace meterbill {
namespace {

constexpr std::size_t kConfColumns = 100;
constexpr std::size_t kHelpColumns = 80;

/// `text` in lines of at most `columns`, each begun with `indent`.
std::string wrap(std::string_view text, std::string_view indent, std::size_t columns) {
  std::string out;
  std::string line{indent};
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (line.size() > indent.size()) {
      if (line.size() + 1 + word.size() > columns) {
        out += line + "\n";
        line = indent;
      } else {
        line += ' ';
      }
    }
    line += word;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out + line + "\n";
}

std::string_view section_of(const Option& option) {
  return option.name.substr(0, option.name.find('.'));
}

std::string_view key_of(const Option& option) {
  return option.name.substr(option.name.find('.') + 1);
}

std::string conf_head(const OptionTable& table) {
  return fmt::format(
      "# {0}: every key with its default. Remove the '#' before a key to change it.\n"
      "#\n"
      "# Later places win: this file, {1}.d/*.conf by name,\n"
      "# the environment ({2}…), the command line (--{3}=…).\n"
      "# Check with `meterbill config check {4}`. What holds, and where it was said, is shown by\n"
      "# `meterbill config show {4} --origin`.\n"
      "# A comment begins with '#' at the start of a line or behind a blank. \"Quotes\" keep a "
      "value\n"
      "# as it is.\n",
      table.program, table.default_file(), table.environment_prefix(), table.options.front().name,
      table.short_name);
}

constexpr std::string_view kConfKafka =
    "\n[kafka]\n\n"
    "# Any property of librdkafka by its own name, except those whose wrong value would lose or "
    "repeat\n"
    "# usage. A secret is better kept in a file of its own: sasl.password.file = PATH, or\n"
    "# sasl.password = credential:NAME for a systemd credential.\n"
    "# For example:\n"
    "#   security.protocol = SASL_SSL\n"
    "#   ssl.ca.location = {0}/kafka-ca.pem\n"
    "#   sasl.mechanism = PLAIN\n"
    "#   sasl.username = meterbill\n"
    "#   sasl.password.file = {0}/kafka.password\n";

}  // namespace

std::string option_facts(const Option& option) {
  std::string text{option.type == OptionType::kChoice ? option.choices : describe(option.type)};
  if (!option.minimum.empty()) text += ", " + range_text(option);
  text += "; default ";
  text += option.standard.empty() ? option.standard_as : option.standard;
  return text;
}

std::string print_conf(const OptionTable& table) {
  std::string text = conf_head(table);
  std::string_view section;
  for (const Option& option : table.options) {
    if (section_of(option) != section) {
      section = section_of(option);
      text += fmt::format("\n[{}]\n", section);
    }
    text += "\n" + wrap(option.help, "# ", kConfColumns) +
            wrap(option_facts(option), "# ", kConfColumns);
    text += fmt::format("#{} ={}{}\n", key_of(option), option.standard.empty() ? "" : " ",
                        option.standard);
  }
  return text + fmt::format(kConfKafka, standard_places().config);
}

std::string print_help(const OptionTable& table) {
  std::string text = fmt::format(
      "usage: {0} [--config FILE] [--KEY=VALUE]...\n\n{1}\n\n"
      "  --config FILE\n      read FILE instead of {2}\n"
      "  --help\n  --version\n\n"
      "Keys, also for the file and, as {3}..., for the environment:\n",
      table.program, table.summary, table.default_file(), table.environment_prefix());
  for (const Option& option : table.options) {
    text += fmt::format("\n  --{}\n", option.name);
    text += wrap(option.help, "      ", kHelpColumns);
    text += wrap("(" + option_facts(option) + ")", "      ", kHelpColumns);
  }
  text += fmt::format("\n  --{}PROPERTY\n", kKafkaPrefix);
  text += wrap(
      "A property of librdkafka by its own name, except those whose wrong value would lose or "
      "repeat usage. Secrets only through the file, the environment, or a file of their own: "
      "--kafka.sasl.password.file=PATH.",
      "      ", kHelpColumns);
  return text;
}

std::string print_settings(const Settings& settings, bool origin) {
  std::string text;
  std::size_t width = 0;
  const auto line = [](const Setting& setting) {
    return fmt::format("{} = {}", setting.name, setting.shown);
  };
  for (const Setting& setting : settings.all())
    width = std::max(width, std::min<std::size_t>(line(setting).size(), 60));
  for (const Setting& setting : settings.all()) {
    std::string row = line(setting);
    if (origin) row = fmt::format("{:<{}}  # {}", row, width, to_text(setting.origin));
    while (row.ends_with(' ')) row.pop_back();
    text += row + "\n";
  }
  return text;
}

}  // namespace meterbill
