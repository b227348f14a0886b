#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace meterbill {

/// What to do when the target of a copy exists.
enum class Existing { kRefuse, kReplace };

/// Copies the SQLite file `from`, as its last commit left it, into the one file `to`; commits on
/// other connections go on meanwhile and do not reach the copy. The copy is checked
/// (integrity_check) and on disk (fsync) before it gets its name; until then it is `<to>.partial`.
/// `progress`, if any, gets pages done and in all. kConflict when `to` exists and is to be kept.
[[nodiscard]] Result<void> copy_ledger(const std::string& from, const std::string& to,
                                       Existing existing,
                                       const std::function<void(int, int)>& progress);

}  // namespace meterbill
