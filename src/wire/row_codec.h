#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/usage_row.h"

namespace meterbill {

/// The packed form of a row in the ledger: a version byte, then varints, ended by a CRC-32C of what
/// went before (docs/ledger.md). Equal rows have equal bytes.
[[nodiscard]] std::string pack(const UsageRow& row);

/// kDamaged when the bytes are not what `pack` wrote; kTooNew for a later version.
[[nodiscard]] Result<UsageRow> unpack(std::string_view bytes);

}  // namespace meterbill
