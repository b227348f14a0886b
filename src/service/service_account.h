#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meterbill {

/// A user of this machine, with all its groups.
struct UserAccount {
  std::uint32_t user = 0;
  std::vector<std::uint32_t> groups;
};

/// Whether this process may do everything on this machine.
[[nodiscard]] bool is_root();

/// None: there is no such user here, or it cannot be found out.
[[nodiscard]] std::optional<UserAccount> find_user(const std::string& name);

struct FileStatus {
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint32_t mode = 0;
  bool has_list = false;  ///< an access list, acl(5)
};

/// Of what the path leads to; none: nothing, or it cannot be seen.
[[nodiscard]] std::optional<FileStatus> file_status(const std::string& path);

/// The first port that is not root's only; ip(7), ip_unprivileged_port_start.
[[nodiscard]] std::int64_t first_free_port();

}  // namespace meterbill
