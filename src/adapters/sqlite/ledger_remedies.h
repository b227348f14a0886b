#pragma once

#include <string>

namespace meterbill {

// What an operator of this platform can type; each a part of a sentence that names the ledger's
// path before it.

/// For a ledger that is somebody else's: "; it must belong to …".
[[nodiscard]] std::string ownership_remedy(const std::string& ledger);

/// For one who may not read it: "; run this as …".
[[nodiscard]] std::string reading_remedy();

/// Lines that put the file BACKUP in the place of a damaged one, which is kept.
[[nodiscard]] std::string restore_commands(const std::string& ledger);

}  // namespace meterbill
