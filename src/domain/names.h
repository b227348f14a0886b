#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/strong_string.h"

namespace meterbill {

using MachineId = StrongString<struct MachineTag>;  ///< `web-1`: [A-Za-z0-9][A-Za-z0-9._:-]{0,127}
using ScopeName = StrongString<struct ScopeTag>;  ///< `machine`, `service:nginx.service`, `view:…`
using MeterName = StrongString<struct MeterTag>;  ///< `cpu`: [a-z][a-z0-9_]{0,31}
using EpochId = StrongString<struct EpochTag>;    ///< 32 hex digits: one run of the agent
using BootId =
    StrongString<struct BootTag>;  ///< the kernel's boot id, 1 to 64 visible ASCII characters

/// Fixed for an epoch. At most 16; key [a-z0-9_.-]{1,63}, value at most 255 bytes of UTF-8.
using Labels = std::map<std::string, std::string>;

inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelValueBytesMax = 255;
inline constexpr std::size_t kScopeBytesMax = 255;

[[nodiscard]] bool is_machine_id(std::string_view text);
[[nodiscard]] bool is_scope(std::string_view text);
[[nodiscard]] bool is_meter(std::string_view text);
[[nodiscard]] bool is_epoch(std::string_view text);
[[nodiscard]] bool is_boot_id(std::string_view text);
[[nodiscard]] bool is_label_key(std::string_view text);

/// Well-formed UTF-8 (RFC 3629) without control characters (below U+0020, U+007F to U+009F): what
/// may stand in a name shown to people.
[[nodiscard]] bool is_clean_utf8(std::string_view text);

/// "rack=2,site=lab-3": keys sorted; `\`, `,` and `=` in values are preceded by `\`, so two label
/// sets never share a text.
[[nodiscard]] std::string to_text(const Labels& labels);

/// The whole machine; its parts are every other scope that is no view.
[[nodiscard]] const ScopeName& machine_scope();

/// Views may overlap and are shown, never billed.
[[nodiscard]] bool is_view(const ScopeName& scope);

/// Pseudo-epochs under which samples and usage events are added up. Never valid as an agent's
/// epoch.
[[nodiscard]] const EpochId& samples_epoch();
[[nodiscard]] const EpochId& events_epoch();

}  // namespace meterbill
