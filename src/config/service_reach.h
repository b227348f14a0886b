#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"

namespace meterbill {

/// Who a service runs as.
struct ServiceAccount {
  std::string name;  ///< of the user, and of its group
  std::uint32_t user = 0;
  std::vector<std::uint32_t> groups;
};

/// Who may do what with a file or folder; stat(2).
struct FileRights {
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint32_t mode = 0;
  bool has_list = false;  ///< an access list, acl(5), says more than the mode
};

/// What an installed service can reach on this machine, where its rights are smaller than those of
/// the one who asks: root may read everything, and would be told that all is well.
struct ServiceReach {
  ServiceAccount account;
  /// None: not there, which is told elsewhere.
  std::function<std::optional<FileRights>(const std::string& path)> rights_of;
  /// Where a path leads in the end; empty: it is that itself.
  std::function<std::string(const std::string& path)> target_of{};
  std::int64_t first_free_port = 1024;  ///< below it, root's only
};

/// What an installed service could not do of these settings, one line each with what to do: files
/// that its user may not read, folders that its unit hides (ProtectHome, PrivateTmp), ports that
/// are root's. Where an access list may allow more, nothing is said; a drop-in of the unit that
/// does (ProtectHome=no, another User=) is not known here.
[[nodiscard]] std::vector<std::string> out_of_reach(const Settings& settings,
                                                    const ServiceReach& reach);

}  // namespace meterbill
