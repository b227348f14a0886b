#pragma once

#include <functional>
#include <optional>
#include <string>
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
};

/// What every command that talks to a service is given.
struct ServiceAccess {
  AskService ask;
  ServiceAddresses addresses;
};

/// Builds "/path?key=value&…" with the values percent-encoded; empty values are left out.
[[nodiscard]] std::string make_target(
    const std::string& path, const std::vector<std::pair<std::string, std::string>>& parameters);

/// `text` as one segment of a path.
[[nodiscard]] std::string path_segment(const std::string& text);

/// GET, from --server or the worker of this machine. A status that is no success becomes an error
/// with the service's `detail`.
[[nodiscard]] Result<std::string> read_worker(const ServiceAccess& access,
                                              const Arguments& arguments,
                                              const std::string& target);

/// POST through a control channel.
[[nodiscard]] Result<std::string> change_service(const ServiceAccess& access,
                                                 const std::string& control,
                                                 const std::string& target);

/// The text after `"name":"` in a small JSON object, unescaped as far as our own services escape;
/// for messages to people.
[[nodiscard]] std::string detail_of(const std::string& body);

/// `--server URL`.
[[nodiscard]] Flag server_flag();
[[nodiscard]] Flag json_flag();

}  // namespace meterbill
