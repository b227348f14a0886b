#pragma once

#include <string_view>

namespace meterbill {

// Where the pages of docs/ lie on a machine that has the packages: messages name them.
inline constexpr std::string_view kLedgerManual = "/usr/share/doc/meterbill/docs/ledger.md";
inline constexpr std::string_view kOperationsManual = "/usr/share/doc/meterbill/docs/operations.md";

}  // namespace meterbill
