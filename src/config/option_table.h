#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/option.h"

namespace meterbill {

/// All that may be set for one program, in the order of its file. Besides these rows every program
/// takes `kafka.<property>` (kafka_properties.h). One explicit table per program, no
/// self-registration: what exists and in which order can be read in one place.
struct OptionTable {
  std::string_view program;     ///< `meterbill-agent`
  std::string_view short_name;  ///< `agent`: file name, section, environment
  std::string_view summary;     ///< one line on what the program does
  std::vector<Option> options;

  [[nodiscard]] const Option* find(std::string_view name) const;

  /// `FOLDER/agent.conf`; the default one is in `/etc/meterbill`.
  [[nodiscard]] std::string file_in(const std::string& folder) const;
  [[nodiscard]] std::string default_file() const;

  /// `METERBILL_AGENT_`.
  [[nodiscard]] std::string environment_prefix() const;

  /// `METERBILL_AGENT_HTTP_LISTEN` for `http.listen`. A key of the program's own section has its
  /// name once: `METERBILL_AGENT_INTERVAL` for `agent.interval`.
  [[nodiscard]] std::string environment_name(std::string_view key) const;

  /// The key a variable stands for, also for `METERBILL_AGENT_AGENT_INTERVAL`; empty when it stands
  /// for none. REQUIRES: `variable` starts with environment_prefix().
  [[nodiscard]] std::string key_of_variable(std::string_view variable) const;

  /// "; did you mean agent.interval?" or where all keys can be seen.
  [[nodiscard]] std::string hint(std::string_view unknown_key) const;

  /// Whether keys can stand under `[section]`.
  [[nodiscard]] bool has_section(std::string_view section) const;

  /// "; did you mean [agent]?" or which sections there are.
  [[nodiscard]] std::string section_hint(std::string_view unknown_section) const;

  /// The same for a variable.
  [[nodiscard]] std::string variable_hint(std::string_view unknown_variable) const;

  [[nodiscard]] std::vector<std::string> names() const;
};

/// The keys of meterbill-agent and of meterbill-worker.
[[nodiscard]] const OptionTable& agent_options();
[[nodiscard]] const OptionTable& worker_options();

}  // namespace meterbill
