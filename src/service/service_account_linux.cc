#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>

#include "service/service_account.h"

namespace meterbill {

bool is_root() { return geteuid() == 0; }

// One thread asks, before there are others: the C library's answers lie in memory of its own.
std::optional<UserAccount> find_user(const std::string& name) {
  const passwd* const entry = getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  UserAccount account{.user = entry->pw_uid, .groups = {}};
  const gid_t own = entry->pw_gid;
  int count = 0;
  getgrouplist(name.c_str(), own, nullptr, &count);  // how many there are
  account.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(name.c_str(), own, account.groups.data(), &count) < 0) return std::nullopt;
  return account;
}

std::optional<FileStatus> file_status(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  const bool has_list = getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
  return FileStatus{
      .owner = status.st_uid, .group = status.st_gid, .mode = status.st_mode, .has_list = has_list};
}

std::int64_t first_free_port() {
  std::int64_t port = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> port;
  return port;
}

}  // namespace meterbill
