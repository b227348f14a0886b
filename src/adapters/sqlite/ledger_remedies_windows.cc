#include <fmt/format.h>

#include <filesystem>

#include "adapters/sqlite/ledger_remedies.h"

namespace meterbill {

std::string ownership_remedy(const std::string& /*ledger*/) {
  return "; the worker's account may not write it: as an administrator run: meterbill service "
         "configure worker";
}

std::string reading_remedy() { return "; run this as an administrator"; }

std::string restore_commands(const std::string& ledger) {
  const std::string folder = std::filesystem::path(ledger).parent_path().string();
  return fmt::format(
      "  mkdir \"{1}\\damaged\"\n"
      "  move \"{0}*\" \"{1}\\damaged\"\n"
      "  copy BACKUP \"{0}\"\n",
      ledger, folder.empty() ? "." : folder);
}

}  // namespace meterbill
