#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "cli/completion.h"
#include "config/nearest.h"

namespace meterbill {
namespace {

namespace po = boost::program_options;

Error unknown_option(const std::string& name, const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  names.reserve(flags.size());
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string near = nearest(name, names);
  return fail(Code::kUsage, fmt::format("unknown option --{}{}", name,
                                        near.empty() ? std::string("; see --help")
                                                     : fmt::format("; did you mean --{}?", near)));
}

/// A flag whose value is written as `a|b|c` takes one of these.
Result<void> check_choice(const std::string& name, std::string_view value,
                          const std::vector<Flag>& flags) {
  const auto flag = std::ranges::find(flags, name, &Flag::name);
  if (flag == flags.end()) return ok();
  const std::vector<std::string> choices = choices_of(flag->value);
  if (choices.empty() || std::ranges::find(choices, value) != choices.end()) return ok();
  return fail(Code::kUsage,
              fmt::format("--{}: '{}' is none of {}", name, value, fmt::join(choices, ", ")));
}

Result<void> take(const po::option& option, const std::vector<Flag>& flags, std::size_t words_max,
                  Arguments& result) {
  if (option.position_key != -1) {
    const std::string& word = option.value.front();
    // Every option is long; "-x" is somebody's habit, not a word.
    if (word.size() > 1 && word.starts_with('-') && option.original_tokens.front() == word &&
        !word.starts_with("--"))
      return fail(Code::kUsage,
                  fmt::format("unknown option {}; options are long, see --help", word));
    if (word.empty()) return fail(Code::kUsage, "an argument is empty");
    if (result.words.size() == words_max)
      return fail(Code::kUsage, fmt::format("unexpected argument '{}'", word));
    result.words.push_back(word);
    return ok();
  }
  const std::string& name = option.string_key;
  if (option.unregistered) return unknown_option(name, flags);
  const bool has_value = !option.value.empty();
  const std::string value = has_value ? option.value.front() : std::string{};
  // An empty one is a shell variable that was not set; "--at=" must not mean "now".
  if (has_value && (value.empty() || value.starts_with("--")))
    return fail(Code::kUsage, fmt::format("--{0} needs a value: --{0}=VALUE", name));
  if (has_value) {
    MB_TRYV(check_choice(name, value, flags));
  }
  if (!result.values.emplace(name, value).second)
    return fail(Code::kUsage, fmt::format("--{} is given twice", name));
  return ok();
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view flag) const {
  const auto found = values.find(flag);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

Result<Arguments> parse_arguments(const std::vector<std::string>& arguments,
                                  const std::vector<Flag>& flags, std::size_t words_max) {
  namespace style = po::command_line_style;
  po::options_description options;
  for (const Flag& flag : flags) {
    if (flag.value.empty())
      options.add_options()(flag.name.c_str(), "");
    else
      options.add_options()(flag.name.c_str(), po::value<std::string>());
  }
  try {
    const auto parsed =
        po::command_line_parser(arguments)
            .options(options)
            .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
            .allow_unregistered()
            .run();
    Arguments result;
    for (const po::option& option : parsed.options) {
      MB_TRYV(take(option, flags, words_max, result));
    }
    return result;
  } catch (const po::error_with_option_name& error) {
    const std::string name = error.get_option_name();
    for (const Flag& flag : flags)
      if (name == "--" + flag.name && flag.value.empty())
        return fail(Code::kUsage, fmt::format("{} takes no value", name));
    return fail(Code::kUsage, fmt::format("{0} needs a value: {0}=VALUE", name));
  } catch (const std::exception& error) {
    return fail(Code::kUsage, error.what());
  }
}

}  // namespace meterbill
