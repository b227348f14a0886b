#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/ini_text.h"
#include "config/kafka_properties.h"
#include "config/text_file.h"

namespace meterbill {
namespace {

constexpr std::string_view kCredential = "credential:";
constexpr std::string_view kFileSuffix = ".file";

Error file_missing(Error error) {
  if (error.code == Code::kNotFound) error.message += "; --config must name an existing file";
  if (error.code == Code::kInvalid) error.code = Code::kConfig;
  return error;
}

/// `kafka.sasl.password` for `kafka.sasl.password.file`; empty for any other key.
std::string_view secret_of_file_key(std::string_view key) {
  if (!key.starts_with(kKafkaPrefix) || !key.ends_with(kFileSuffix)) return {};
  key.remove_suffix(kFileSuffix.size());
  return is_kafka_secret(key.substr(kKafkaPrefix.size())) ? key : std::string_view{};
}

/// Collects assignments by rising weight, then settles each key.
class Loader {
 public:
  Loader(const OptionTable& table, const LoadRequest& request) : table_(table), request_(request) {}

  Result<Settings> load() {
    MB_TRYV(read_files());
    read_environment();
    for (const Assignment& assignment : request_.command_line) accept(assignment);
    std::vector<Setting> all;
    for (const Option& option : table_.options) all.push_back(settle(option));
    for (const auto& [key, assignment] : chosen_)
      if (key.starts_with(kKafkaPrefix)) all.push_back(settle_property(key, assignment));
    Settings settings{std::move(all), std::move(files_)};
    if (request_.check_together) problems_.add(request_.check_together(settings));
    if (!request_.only.empty()) problems_ = std::move(concerning_);
    MB_TRYV(problems_.result());
    return settings;
  }

 private:
  Result<void> read_files() {
    const std::string main_file = request_.config_file.value_or(
        request_.default_file.empty() ? table_.default_file() : request_.default_file);
    auto text = read_text_file(main_file, kConfigFileBytesMax);
    if (text)
      read_ini(main_file, text.value());
    else if (request_.config_file || text.error().code != Code::kNotFound)
      return file_missing(std::move(text).error());
    auto drop_ins = list_conf_files(main_file + ".d", kConfigFilesMax);
    if (!drop_ins) return file_missing(std::move(drop_ins).error());
    for (const std::string& path : drop_ins.value()) {
      auto more = read_text_file(path, kConfigFileBytesMax);
      if (!more) return file_missing(std::move(more).error());
      read_ini(path, more.value());
    }
    return ok();
  }

  void read_ini(const std::string& path, std::string_view text) {
    files_.push_back(path);
    const IniText ini = split_ini(text);
    const auto in_line = [&path](int line) {
      return Origin{.kind = Origin::Kind::kFile, .name = path, .line = line};
    };
    for (const IniProblem& wrong : ini.problems) problems_.add(in_line(wrong.line), wrong.message);
    for (const IniSection& section : ini.sections)
      if (!table_.has_section(section.name))
        problems_.add(in_line(section.line), fmt::format("[{}]: unknown section{}", section.name,
                                                         table_.section_hint(section.name)));
    std::map<std::string, int> lines;
    for (const IniEntry& entry : ini.entries) {
      // Its section is named already, and is all that is known to be wrong.
      if (!entry.section.empty() && !table_.has_section(entry.section)) continue;
      const Origin origin = in_line(entry.line);
      const auto key = full_key(entry);
      if (!key) {
        problems_.add(origin, key.error().message);
        continue;
      }
      const std::string_view secret_key = secret_of_file_key(key.value());
      const auto [first, is_new] =
          lines.emplace(secret_key.empty() ? key.value() : secret_key, entry.line);
      if (!is_new) {
        problems_.add(origin,
                      fmt::format("{}: set in line {} already", key.value(), first->second));
        continue;
      }
      accept({.key = key.value(),
              .text = entry.value,
              .origin = origin,
              .cut_by_comment = entry.cut_by_comment});
    }
  }

  /// A key under `[agent]` is `interval` or, in full, `agent.interval`.
  Result<std::string> full_key(const IniEntry& entry) const {
    if (entry.section.empty() || entry.key.starts_with(entry.section + ".")) return entry.key;
    std::string key = entry.section + "." + entry.key;
    // Or else `[kafka]` would hand any key that lost its own section to librdkafka.
    if (table_.find(key) == nullptr && table_.find(entry.key) != nullptr)
      return fail(Code::kConfig, fmt::format("{} stands under [{}]; move it above all sections or "
                                             "under its own",
                                             entry.key, entry.section));
    return key;
  }

  void read_environment() {
    std::map<std::string, std::string> variable_of;
    for (const auto& [variable, text] : request_.environment) {
      if (!variable.starts_with(table_.environment_prefix())) continue;
      const std::string key = table_.key_of_variable(variable);
      const Origin origin{.kind = Origin::Kind::kEnvironment, .name = variable};
      if (key.empty()) {
        problems_.add(origin, "unknown variable" + table_.variable_hint(variable));
        continue;
      }
      if (const auto [first, is_new] = variable_of.emplace(key, variable); !is_new) {
        problems_.add(origin, fmt::format("{} is set by {} already", key, first->second));
        continue;
      }
      accept({.key = key, .text = text, .origin = origin});
    }
  }

  /// Checks one assignment and lets it replace an earlier one. Each is checked, also one that does
  /// not hold in the end: a wrong line would otherwise wait for the day it matters.
  void accept(const Assignment& assignment) {
    const std::string& key = assignment.key;
    const Origin& place = assignment.origin;
    if (key.starts_with(kKafkaPrefix)) return accept_property(assignment);
    const Option* option = table_.find(key);
    if (option == nullptr)
      return problems_.add(place, fmt::format("{}: unknown key{}", key, table_.hint(key)));
    if (const auto value = parse_value(*option, assignment.text); !value) {
      const std::string message = fmt::format("{}: {}", key, value.error().message);
      if (std::ranges::find(request_.only, key) != request_.only.end())
        concerning_.add(place, message);
      return problems_.add(place, message);
    }
    if (option->type == OptionType::kPath && !is_whole_path(assignment)) return;
    chosen_.insert_or_assign(key, assignment);
  }

  /// A service has the root for its working folder, a person any other: a path in a file is whole.
  bool is_whole_path(const Assignment& assignment) {
    if (assignment.origin.kind != Origin::Kind::kFile || assignment.text.empty() ||
        std::filesystem::path(assignment.text).is_absolute())
      return true;
    const std::string message = fmt::format("{}: '{}' is relative; write the whole path, from / on",
                                            assignment.key, assignment.text);
    // Or else whoever needs this key would go on with its default.
    if (std::ranges::find(request_.only, assignment.key) != request_.only.end())
      concerning_.add(assignment.origin, message);
    problems_.add(assignment.origin, message);
    return false;
  }

  void accept_property(const Assignment& assignment) {
    const std::string& key = assignment.key;
    const Origin& place = assignment.origin;
    const std::string property = key.substr(kKafkaPrefix.size());
    const std::string_view secret_key = secret_of_file_key(key);
    if (!is_kafka_property(property))
      return problems_.add(place, fmt::format("{}: not a librdkafka property: lower-case letters, "
                                              "digits and dots",
                                              key));
    if (const std::string_view reason = kafka_denial(property); !reason.empty())
      return problems_.add(place, fmt::format("{}: cannot be set: {}", key, reason));
    if (is_kafka_secret(property) && assignment.cut_by_comment)
      return problems_.add(place,
                           fmt::format("{}: is the part from '#' on a comment or part of the "
                                       "secret? Put the secret into \"quotes\"",
                                       key));
    if (!secret_key.empty() && !is_whole_path(assignment)) return;
    chosen_.insert_or_assign(secret_key.empty() ? key : std::string(secret_key), assignment);
  }

  Setting settle(const Option& option) {
    const auto found = chosen_.find(std::string(option.name));
    const Assignment standard{
        .key = std::string(option.name),
        .text = std::string(option.standard),
        .origin = {.kind = Origin::Kind::kDefault, .name = std::string(option.standard_as)}};
    const Assignment& said = found == chosen_.end() ? standard : found->second;
    auto value = parse_value(option, said.text);
    MB_ASSERT(value);  // accept() has read it before; defaults are read by a test
    return {.name = said.key,
            .shown = option.secret ? "(secret)" : said.text,
            .value = std::move(value).value(),
            .origin = said.origin,
            .secret = option.secret};
  }

  Setting settle_property(const std::string& key, const Assignment& said) {
    const std::string property = key.substr(kKafkaPrefix.size());
    Setting setting{.name = key,
                    .shown = said.text,
                    .value = said.text,
                    .origin = said.origin,
                    .secret = is_kafka_secret(property)};
    if (setting.secret) {
      auto secret = read_secret(said, setting.shown);
      if (!secret) {
        problems_.add(said.origin, fmt::format("{}: {}", said.key, secret.error().message));
        return setting;
      }
      if (!secret.value()) {
        setting.value = std::string();
        return setting;
      }
      setting.value = *std::move(secret).value();
    }
    if (!request_.check_property) return setting;
    const auto known = request_.check_property(property, std::get<std::string>(setting.value));
    if (!known) problems_.add(said.origin, fmt::format("{}: {}", said.key, known.error().message));
    return setting;
  }

  /// The secret itself, or nothing when it is not to be read; `shown` becomes what may be printed
  /// instead.
  Result<std::optional<std::string>> read_secret(const Assignment& said, std::string& shown) const {
    shown = "(secret)";
    std::string path;
    if (said.key.ends_with(kFileSuffix)) {
      path = said.text;
    } else if (said.text.starts_with(kCredential)) {
      const std::string name = said.text.substr(kCredential.size());
      shown = fmt::format("(secret from the credential {})", name);
      const auto folder = request_.environment.find("CREDENTIALS_DIRECTORY");
      const bool is_here = folder != request_.environment.end();
      if (request_.secrets != Secrets::kRead && !is_here) return std::optional<std::string>();
      if (!is_here)
        return fail(Code::kConfig,
                    fmt::format("there are no credentials here: add LoadCredential={} to the "
                                "unit, or use {}.file",
                                name, said.key));
      if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
        return fail(Code::kConfig, "the name behind 'credential:' is not a file name");
      path = folder->second + "/" + name;
    } else {
      return std::optional(said.text);
    }
    shown = fmt::format("(secret from {})", path);
    if (request_.secrets == Secrets::kLeave) return std::optional<std::string>();
    MB_TRY(std::string secret, read_text_file(path, kSecretBytesMax));
    if (secret.ends_with('\n')) secret.pop_back();  // editors end the last line
    if (secret.ends_with('\r')) secret.pop_back();
    if (secret.empty()) return fail(Code::kConfig, path + " is empty");
    return std::optional(std::move(secret));
  }

  const OptionTable& table_;
  const LoadRequest& request_;
  std::vector<std::string> files_;
  std::map<std::string, Assignment> chosen_;
  Problems problems_;
  Problems concerning_;  ///< those with the keys of request_.only
};

}  // namespace

Result<Settings> load_settings(const OptionTable& table, const LoadRequest& request) {
  return Loader{table, request}.load();
}

}  // namespace meterbill
