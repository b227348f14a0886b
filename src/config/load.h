#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"
#include "config/settings.h"

namespace meterbill {

inline constexpr std::size_t kConfigFileBytesMax = std::size_t{1}
                                                   << 20;  ///< a larger one is refused
inline constexpr std::size_t kConfigFilesMax = 256;        ///< in one folder; more are refused
inline constexpr std::size_t kSecretBytesMax = std::size_t{64} << 10;

/// Says whether librdkafka knows a property and takes the value; the message must not repeat it.
using PropertyCheck =
    std::function<Result<void>(const std::string& property, const std::string& value)>;

/// What is wrong with several settings together. Called also when single ones are wrong; those have
/// their defaults then.
using TogetherCheck = std::function<Problems(const Settings& settings)>;

/// Which secrets are read; those that are not are empty.
enum class Secrets {
  kRead,    ///< all: whoever uses them
  kIfHere,  ///< not those of systemd's credentials where there are none: whoever checks a file
  kLeave,   ///< none: whoever only shows where they come from, and may have no right to read them
};

/// Where to look for settings.
struct LoadRequest {
  std::optional<std::string> config_file;  ///< given by the user: must exist
  std::string default_file;                ///< read when there; empty: OptionTable::default_file()
  std::map<std::string, std::string> environment;
  std::vector<Assignment> command_line;
  PropertyCheck check_property;    ///< may be empty
  TogetherCheck check_together{};  ///< may be empty
  Secrets secrets = Secrets::kRead;
  /// Only what is wrong with these keys is told; empty: with any. What is wrong elsewhere is no
  /// reason for not knowing them.
  std::vector<std::string_view> only{};
};

/// Settings in the order built-in < main file < `<main file>.d/*.conf` (by name) < environment <
/// command line; a later one replaces an earlier one. There is no text substitution of any kind.
///
/// Everything wrong in all places is reported at once, one problem a line in the order of the
/// places, each with what to do: kConfig. A file that the user named and that is missing is
/// kNotFound, one that may not be read kPermission. No message holds a secret.
[[nodiscard]] Result<Settings> load_settings(const OptionTable& table, const LoadRequest& request);

}  // namespace meterbill
