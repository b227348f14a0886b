#pragma once

#include <utility>
#include <vector>

#include "ports/ledger_store.h"

namespace meterbill {

/// All that a ledger keeps of what a batch applied.
[[nodiscard]] inline Result<std::vector<EvidenceItem>> evidence_items(LedgerReader& ledger,
                                                                      std::int64_t batch) {
  std::vector<EvidenceItem> items;
  MB_TRYV(ledger.evidence(batch, [&](EvidenceItem&& item) -> Result<void> {
    items.push_back(std::move(item));
    return ok();
  }));
  return items;
}

}  // namespace meterbill
