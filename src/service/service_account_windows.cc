#include "service/service_account.h"

namespace meterbill {

// Windows has no root, no modes and no ports of the system's own: what a service may do comes from
// many lists, and is known when it is tried.
bool is_root() { return false; }

std::optional<UserAccount> find_user(const std::string& /*name*/) { return std::nullopt; }

std::optional<FileStatus> file_status(const std::string& /*path*/) { return std::nullopt; }

std::int64_t first_free_port() { return 0; }

}  // namespace meterbill
