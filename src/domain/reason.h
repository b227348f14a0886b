#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meterbill {

/// Why something delivered was not applied. The texts (`to_string`) stand in the ledger, JSON and
/// docs/wire.md and never change.
enum class Reason {
  kTombstone,      ///< `tombstone`: a record without a value
  kTooLarge,       ///< `too_large`: a value or headers over 64 KiB, over 64 headers
  kNotJson,        ///< `not_json`: not one whole JSON text of RFC 8259
  kTooDeep,        ///< `too_deep`: nested deeper than 32
  kNotUtf8,        ///< `not_utf8`
  kDuplicateKey,   ///< `duplicate_key`: a JSON object has a key twice
  kWrongType,      ///< `wrong_type`: a field is of another JSON type
  kMissingField,   ///< `missing_field`
  kBadNumber,      ///< `bad_number`: not a number of the field's grammar or range
  kTooPrecise,     ///< `too_precise`: more decimals than can be kept exactly
  kBadMachine,     ///< `bad_machine_id`
  kBadName,        ///< `bad_name`: an epoch, boot id, scope or meter outside its grammar
  kBadLabel,       ///< `bad_label`: too many, too long, or outside its grammar
  kTooMany,        ///< `too_many`: more readings, scopes, meters or epochs than the limits
  kUnknownType,    ///< `unknown_type`: an event type this worker does not know
  kBadSlot,        ///< `bad_slot`: not on a quarter hour, or not in 2000 to 2199
  kFuture,         ///< `future`: starts more than 5 minutes ahead
  kTooOld,         ///< `too_old`: older than 400 days, or than the remembered event ids
  kImplausible,    ///< `implausible`: cannot be true by itself
  kNoCapacity,     ///< `no_capacity`: cpu or memory of a machine without its capacity
  kLabelsChanged,  ///< `labels_changed`: other labels or boot id for a known epoch
  kOverflow,       ///< `overflow`: the sum would not fit
  kUnitUnknown,    ///< `unknown_unit`: a unit the meter does not have
  kReplayed,       ///< `replayed`: a sample that an accepted incarnation brought again
};

[[nodiscard]] std::string_view to_string(Reason reason);
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view text);

/// What is said of one item that was not applied. `detail` names field and value, shortened; for
/// people, never parsed.
struct Rejection {
  Reason reason = Reason::kNotJson;
  std::string detail;
  std::string machine{};  ///< of a whole message: whose it is, as far as it could be read
};

}  // namespace meterbill
