#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/command.h"

namespace meterbill {

/// An answer of a running service.
struct ServiceAnswer {
  unsigned status = 0;
  std::string body;
};

/// Asks a service: `server` is `http://host:port` or `unix:PATH` (its control channel). Any status
/// is a success; kUnavailable when nobody answers. Handed in by main.cc: commands know no network.
using AskService = std::function<Result<ServiceAnswer>(
    const std::string& server, const std::string& method, const std::string& target)>;

/// Where the services of this machine are.
struct ServiceAddresses {
  std::string worker;          ///< http://127.0.0.1:5001
  std::string worker_control;  ///< unix:/run/meterbill-worker/control.sock
  std::string agent;
  std::string agent_control;
  /// Why a configuration could not be read. The addresses above are guesses then: nobody is asked
  /// there, unless a flag names where.
  std::optional<Error> worker_failure{};
  std::optional<Error> agent_failure{};
  /// Whether the service is installed on this machine at all.
  bool worker_is_here = true;
  bool agent_is_here = true;
};

/// The ledger of a stopped worker and the price file to read it with, as the command line says.
struct LedgerChoice {
  std::string path;
  std::optional<std::string> prices;  ///< absent: those of the worker's configuration
};

/// GET, answered from the ledger of a stopped worker as the running one would answer. kConflict
/// while a worker has it, kTooNew, kNotFound, and all that can be wrong with the price file.
using AskLedger =
    std::function<Result<ServiceAnswer>(const LedgerChoice& ledger, const std::string& target)>;

/// What every command that talks to a service is given.
struct ServiceAccess {
  AskService ask;
  ServiceAddresses addresses;
  AskLedger ask_ledger = {};
};

/// Builds "/path?key=value&…" with the values percent-encoded; empty values are left out.
[[nodiscard]] std::string make_target(
    const std::string& path, const std::vector<std::pair<std::string, std::string>>& parameters);

/// A machine's name, or a number such as an id, as one segment of a path. kUsage when it is none:
/// better said here than by a URL that leads nowhere.
[[nodiscard]] Result<std::string> machine_segment(const std::string& name);
[[nodiscard]] Result<std::string> number_segment(const std::string& text);

/// GET, from --ledger, --server or the worker of this machine; any status. kUsage: flags that do
/// not go together.
[[nodiscard]] Result<ServiceAnswer> ask_worker(const ServiceAccess& access,
                                               const Arguments& arguments,
                                               const std::string& target);

/// Where that is, for people.
[[nodiscard]] std::string worker_place(const ServiceAccess& access, const Arguments& arguments);

/// As ask_worker; a status that is no success becomes an error with the service's `detail`.
[[nodiscard]] Result<std::string> read_worker(const ServiceAccess& access,
                                              const Arguments& arguments,
                                              const std::string& target);

/// GET, from --agent or the agent of this machine, failing as read_worker does.
[[nodiscard]] Result<std::string> read_agent(const ServiceAccess& access,
                                             const Arguments& arguments, const std::string& target);

/// `path` as another process finds it, from whatever folder. kUsage: this one's folder is gone.
[[nodiscard]] Result<std::string> absolute_path(const std::string& path);

/// The control channel that --control names, or that of the service's own configuration.
[[nodiscard]] Result<std::string> control_of(const Arguments& arguments,
                                             const ServiceAddresses& addresses, bool of_agent);

/// GET through a control channel.
[[nodiscard]] Result<std::string> read_control(const ServiceAccess& access,
                                               const std::string& control,
                                               const std::string& target);

/// POST through a control channel.
[[nodiscard]] Result<std::string> change_service(const ServiceAccess& access,
                                                 const std::string& control,
                                                 const std::string& target);

inline constexpr std::string_view kReloadTarget = "/api/v1/reload";

/// How long a service may take for its whole answer: nobody waits at a terminal for one that is
/// stuck.
inline constexpr std::chrono::seconds kAnswerMax{10};
/// The same of a reload: changed prices may have a large ledger summed anew.
inline constexpr std::chrono::seconds kReloadMax{600};
[[nodiscard]] std::chrono::seconds answer_max(std::string_view target);

/// What --period says, or nothing. kUsage, before anybody is asked, when it is no period.
[[nodiscard]] Result<std::string> wanted_period(const Arguments& arguments);

/// `--server URL`, `--ledger FILE` and `--prices FILE`: whom to ask.
[[nodiscard]] std::vector<Flag> worker_flags();
/// `flags` and then those of whom to ask.
[[nodiscard]] std::vector<Flag> with_worker_flags(std::vector<Flag> flags);
[[nodiscard]] Flag json_flag();
/// `--control PATH`.
[[nodiscard]] Flag control_flag();
/// `--machine`, `--period`, `--csv`, `--json`, and whom to ask.
[[nodiscard]] std::vector<Flag> period_flags();
/// `csv`, `json` or `text`, as these flags say. kUsage: more than one.
[[nodiscard]] Result<std::string> wanted_format(const Arguments& arguments);

}  // namespace meterbill
