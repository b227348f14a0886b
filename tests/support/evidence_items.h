#pragma once

#include <utility>
#include <vector>

#include "ports/ledger_store.h"

namespace meterbill {

/// To pack them; they must stay.
[[nodiscard]] inline std::vector<EvidenceRef> refs_of(const std::vector<EvidenceItem>& items) {
  std::vector<EvidenceRef> refs;
  refs.reserve(items.size());
  for (const EvidenceItem& item : items)
    refs.push_back({item.source, item.position, item.delivery, item.released});
  return refs;
}

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
