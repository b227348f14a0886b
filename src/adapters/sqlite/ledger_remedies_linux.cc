#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "adapters/sqlite/ledger_remedies.h"

namespace meterbill {
namespace {

/// By name; by number where there is no name.
std::string own_user() {
  const passwd* const user = getpwuid(geteuid());
  return user == nullptr ? std::to_string(geteuid()) : user->pw_name;
}

std::string own_group() {
  const group* const found = getgrgid(getegid());
  return found == nullptr ? std::to_string(getegid()) : found->gr_name;
}

}  // namespace

std::string ownership_remedy(const std::string& ledger) {
  // Whoever ran a worker by hand as somebody else left the companions, too.
  const std::string all = std::filesystem::path(ledger).replace_extension(".*").string();
  return fmt::format("; it must belong to the worker's user: chown -h {}:{} {}", own_user(),
                     own_group(), all);
}

std::string reading_remedy() { return "; run this as root or as the worker's user"; }

std::string restore_commands(const std::string& ledger) {
  const std::string folder = std::filesystem::path(ledger).parent_path().string();
  return fmt::format(
      "  mkdir {1}/damaged && mv {0}* {1}/damaged/\n"
      "  install -o {2} -g {3} -m 0640 BACKUP {0}\n",
      ledger, folder.empty() ? "." : folder, own_user(), own_group());
}

}  // namespace meterbill
