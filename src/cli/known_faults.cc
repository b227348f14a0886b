#include "cli/known_faults.h"

#include <array>
#include <charconv>
#include <optional>

namespace meterbill {
namespace {

constexpr std::array kFaults{
    KnownFault{
        .library = "librdkafka",
        .from = "0",
        .before = "2.6.1",
        .problem = "cannot log in to Kafka 4 by SCRAM: the broker calls the credentials wrong",
        .remedy = "over TLS, kafka.sasl.mechanism = PLAIN; or librdkafka 2.6.1 or newer"},
    KnownFault{.library = "librdkafka",
               .from = "2.1.0",
               .before = "2.3.0",
               .problem = "may take a closed TLS connection or a failed name lookup for lost "
                          "records; the worker then stops reading that partition until it has "
                          "looked where it stood",
               .remedy = "librdkafka 2.3.0 or newer"},
    KnownFault{.library = "sqlite",
               .from = "3.7.0",
               .before = "3.51.3",
               .problem = "a second program that writes to a file in use, such as sqlite3 on the "
                          "ledger of a running worker, can damage it",
               .remedy = "look at a running ledger only with meterbill or with mode=ro, or at a "
                         "backup"},
};

using Version = std::array<unsigned, 3>;

/// The numbers that the text begins with; those that are not said are 0. What stands behind them,
/// as in 2.0.2-RC1, is left away.
std::optional<Version> version_of(std::string_view text) {
  Version version{};
  for (std::size_t i = 0; i < version.size(); ++i) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, version[i]);
    if (error != std::errc{}) return i == 0 ? std::nullopt : std::optional(version);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return version;
}

}  // namespace

std::span<const KnownFault> known_faults() { return kFaults; }

std::vector<LibraryWarning> library_warnings(
    const std::vector<std::pair<std::string, std::string>>& libraries,
    std::span<const KnownFault> faults) {
  std::vector<LibraryWarning> warnings;
  for (const auto& [library, text] : libraries) {
    const auto version = version_of(text);
    if (!version) continue;
    for (const KnownFault& fault : faults)
      if (fault.library == library && *version >= version_of(fault.from) &&
          *version < version_of(fault.before))
        warnings.push_back({library, text, fault.problem, fault.remedy});
  }
  return warnings;
}

}  // namespace meterbill
