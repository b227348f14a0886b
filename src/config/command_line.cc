#include "config/command_line.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <set>

#include "config/kafka_properties.h"
#include "config/nearest.h"

namespace meterbill {
namespace {

namespace po = boost::program_options;

constexpr std::string_view kCredential = "credential:";

po::options_description describe_options(const OptionTable& table) {
  po::options_description all;
  all.add_options()("help", "")("version", "")("config", po::value<std::string>());
  for (const Option& option : table.options)
    all.add_options()(std::string(option.name).c_str(), po::value<std::string>());
  all.add_options()(fmt::format("{}*", kKafkaPrefix).c_str(), po::value<std::string>());
  return all;
}

std::string unknown_option(const OptionTable& table, const std::string& name) {
  std::vector<std::string> names = table.names();
  names.insert(names.end(), {"help", "version", "config"});
  const std::string near = nearest(name, names);
  return fmt::format("unknown option --{}{}", name,
                     near.empty() ? "; see --help" : fmt::format("; did you mean --{}?", near));
}

std::string secret_refused(const std::string& key) {
  return fmt::format(
      "--{0}: a secret on the command line can be read by every user of this machine; put it into "
      "the configuration file, or name a file with --{0}.file=PATH",
      key);
}

bool is_literal_secret(const std::string& key, const std::string& text) {
  return key.starts_with(kKafkaPrefix) && !key.ends_with(".file") &&
         is_kafka_secret(key.substr(kKafkaPrefix.size())) && !text.starts_with(kCredential);
}

class Reader {
 public:
  explicit Reader(const OptionTable& table) : table_(table) {}

  void option(const po::option& option) {
    const std::string& key = option.string_key;
    if (option.position_key != -1) {
      // Behind an unknown option it is probably its value, and one message is enough.
      if (!after_unknown_) problem(fmt::format("unexpected argument '{}'", option.value.front()));
      return;
    }
    after_unknown_ = option.unregistered;
    if (option.unregistered) return problem(unknown_option(table_, key));
    if (!seen_.insert(key).second) return problem(fmt::format("--{} is given twice", key));
    if (key == "help") {
      result_.help = true;
    } else if (key == "version") {
      result_.version = true;
    } else if (option.value.front().starts_with("--")) {
      problem(fmt::format("--{} needs a value: --{}=VALUE", key, key));
    } else if (key == "config") {
      result_.config_file = option.value.front();
    } else if (is_literal_secret(key, option.value.front())) {
      problem(secret_refused(key));
    } else {
      result_.settings.push_back({.key = key,
                                  .text = option.value.front(),
                                  .origin = {.kind = Origin::Kind::kCommandLine, .name = {}}});
    }
  }

  Result<ProgramArguments> take() && {
    if (!problems_.empty()) return fail(Code::kUsage, std::move(problems_));
    return std::move(result_);
  }

 private:
  void problem(const std::string& text) {
    if (!problems_.empty()) problems_ += '\n';
    problems_ += text;
  }

  const OptionTable& table_;
  ProgramArguments result_;
  std::set<std::string> seen_;
  std::string problems_;
  bool after_unknown_ = false;
};

}  // namespace

Result<ProgramArguments> parse_command_line(const OptionTable& table,
                                            const std::vector<std::string>& arguments) {
  namespace style = po::command_line_style;
  const po::options_description options = describe_options(table);
  try {
    const auto parsed =
        po::command_line_parser(arguments)
            .options(options)
            .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
            .allow_unregistered()
            .run();
    Reader reader{table};
    for (const po::option& option : parsed.options) reader.option(option);
    return std::move(reader).take();
  } catch (const po::error_with_option_name& error) {
    return fail(Code::kUsage,
                fmt::format("{}: wrong use; settings are written --key=value with a value that is "
                            "not empty, and --help and --version take none",
                            error.get_option_name()));
  } catch (const std::exception& error) {
    return fail(Code::kUsage, error.what());
  }
}

}  // namespace meterbill
