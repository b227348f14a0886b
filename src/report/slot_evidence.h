#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "report/evidence_page.h"

namespace meterbill {

/// What one reading of a message added to what the kept messages before it say.
struct Growth {
  ScopeName scope;
  bool is_first = false;  ///< of its scope
  MeterTotals used = {};  ///< by how much each meter grew
  bool has_time = false;  ///< the time it covers grew
  bool is_final = false;  ///< it is the first final one, or says that there are more scopes
  [[nodiscard]] bool is_empty() const {
    return !is_first && used.empty() && !has_time && !is_final;
  }
};
/// Nothing grew: the message is of the slot, and said nothing new of it.
[[nodiscard]] bool is_empty(const std::vector<Growth>& growth);

/// A total of the ledger that kept messages do not come to.
struct DifferingTotal {
  std::string machine;
  std::string epoch;
  ScopeName scope;
  MeterName meter;
  std::int64_t stored = 0;
  std::int64_t kept = 0;  ///< what the messages say
};

enum class Explained {
  kWhole,    ///< every total is what the kept messages say
  kNotKept,  ///< some are greater, and evidence that may say so was forgotten
  kDiffers,  ///< and nothing was forgotten that could explain it
};
[[nodiscard]] std::string_view to_string(
    Explained explained);  ///< `explained`, `not_kept`, `differs`

struct EvidenceVerdict {
  Explained explained = Explained::kWhole;
  std::int64_t totals = 0;  ///< (epoch, scope, meter) that the ledger or a message has
  std::vector<DifferingTotal> differing = {};
};

/// What the kept messages say of one slot, put together as the ledger does: of readings the
/// greatest, of samples and usage events the sum. Its memory is that of the slot's row. One thread.
class SlotEvidence {
 public:
  /// In the order in which they were applied. Gives one growth for each reading. kOverflow.
  [[nodiscard]] Result<std::vector<Growth>> add(const EvidenceMessage& message);
  /// How many made something grow.
  [[nodiscard]] std::int64_t messages() const { return messages_; }

  /// Whether that is what the ledger has; `last` is the last page.
  [[nodiscard]] EvidenceVerdict compare(const EvidencePage& last) const;

 private:
  using Key = std::tuple<std::string, std::string, ScopeName>;  // machine, epoch, scope

  std::map<Key, Reading> said_;
  std::int64_t messages_ = 0;
};

}  // namespace meterbill
