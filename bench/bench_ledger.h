#pragma once

#include <cstdint>
#include <string>

namespace meterbill::bench {

struct LedgerShape {
  std::int64_t machines = 0;
  std::int64_t scopes = 0;  ///< parts of a machine, besides the whole
  std::int64_t slots = 0;   ///< of each machine, one after the other
  std::int64_t start_s = 0;
};

/// A new ledger in `folder`, by the worker's own merge and commit: of each machine and slot the
/// last reading of each scope, `cpu`, `memory`, `disk_read` and `net_out` of a part. A day of a
/// hundred machines is one commit, so that rows lie in the file as a month of work leaves them. How
/// large it became goes to standard output. The failure, or nothing.
[[nodiscard]] std::string fill_ledger(const std::string& folder, const std::string& prices,
                                      const LedgerShape& shape);

}  // namespace meterbill::bench
