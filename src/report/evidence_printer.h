#pragma once

#include <string>
#include <vector>

#include "report/json_writer.h"
#include "report/slot_evidence.h"

namespace meterbill {

enum class EvidenceFormat { kText, kJson };

/// Prints the messages behind a slot one by one, as pages bring them. In text each message is a
/// paragraph of at most 80 columns; its value, and what is one long word, stand in a line of their
/// own, so that they can be copied. One thread.
class EvidencePrinter {
 public:
  explicit EvidencePrinter(EvidenceFormat format) : format_(format) {}

  /// What stands before all messages, of any page.
  [[nodiscard]] std::string begin(const EvidencePage& page);
  /// Nothing where nothing grew.
  [[nodiscard]] std::string add(const EvidenceMessage& message, const std::vector<Growth>& growth);
  /// What stands behind them.
  [[nodiscard]] std::string end(const EvidencePage& last, const SlotEvidence& evidence);

 private:
  EvidenceFormat format_;
  std::string machine_;
  JsonWriter json_;
};

}  // namespace meterbill
