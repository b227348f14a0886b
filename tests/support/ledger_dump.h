#pragma once

#include <string>

#include "ports/ledger_store.h"

namespace meterbill {

/// All that a ledger answers, as text: two ledgers that hold the same have the same dump. Left out:
/// its size in bytes and the bytes of its evidence. A failure stands in the text as its message.
[[nodiscard]] std::string dump(LedgerReader& ledger);

}  // namespace meterbill
