#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "config/option_table.h"

namespace meterbill {

/// Where a value was said.
struct Origin {
  enum class Kind { kDefault, kFile, kEnvironment, kCommandLine };
  Kind kind = Kind::kDefault;
  std::string name{};  ///< the file, the variable; of a default without text what it stands for
  int line = 0;        ///< of kFile
};

/// "default", "default: the host name", "/etc/meterbill/agent.conf:12", "environment
/// METERBILL_AGENT_INTERVAL", "command line".
[[nodiscard]] std::string to_text(const Origin& origin);

/// A key with a text for it, before anything is known about either.
struct Assignment {
  std::string key{};
  std::string text{};
  Origin origin{};
  bool cut_by_comment = false;  ///< an unquoted text with a comment behind it
};

/// One key with the value that holds.
struct Setting {
  std::string name{};
  std::string shown{};  ///< as written; "(secret)" or where the secret comes from
  OptionValue value{};
  Origin origin{};
  bool secret = false;
};

/// The values of one program: every key of its table, and the `kafka.*` keys that were said.
/// Immutable once loaded.
class Settings {
 public:
  /// `all` in the order of the table, then `kafka.*` by name; `files` as they were read.
  Settings(std::vector<Setting> all, std::vector<std::string> files)
      : all_(std::move(all)), files_(std::move(files)) {}

  [[nodiscard]] const std::vector<Setting>& all() const { return all_; }
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

  /// REQUIRES: `name` is a key of the table.
  [[nodiscard]] const Setting& at(std::string_view name) const;

  /// REQUIRES: `name` is a key of the table whose type reads as T.
  template <class T>
  [[nodiscard]] const T& get(std::string_view name) const {
    const T* value = std::get_if<T>(&at(name).value);
    MB_ASSERT(value != nullptr);
    return *value;
  }

  /// librdkafka properties, without `kafka.`; holds secrets in clear.
  [[nodiscard]] std::map<std::string, std::string> kafka_properties() const;

 private:
  std::vector<Setting> all_;
  std::vector<std::string> files_;
};

/// What a reload from `before` to `after` means: keys taken over at once, and keys that wait for a
/// restart.
struct SettingsChange {
  std::vector<std::string> reloaded;
  std::vector<std::string> needs_restart;
};
[[nodiscard]] SettingsChange compare(const OptionTable& table, const Settings& before,
                                     const Settings& after);

}  // namespace meterbill
