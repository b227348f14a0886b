#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "wire/encode.h"

namespace meterbill::sim {

/// The greatest values of one scope in one slot of one epoch, by name: `used.cpu`,
/// `cover.metered_us` and so on. The witness's own form, not the worker's. Flat: there are many,
/// of a dozen fields each.
using Fields = boost::container::flat_map<std::string, std::int64_t>;
using FieldsKey = std::tuple<std::string, std::string, std::string, std::string>;

/// (machine, epoch, slot, scope) → fields.
using Merged = std::map<FieldsKey, Fields>;

/// Sees every message as its readings, before it is bytes, and keeps what became of it: what the
/// ledger must hold and what it may hold.
///
/// A merge of its own: it shares no code with the worker's, and reads no wire format.
class Witness {
 public:
  /// A message was made of these.
  void encoded(const std::string& value, const MessageFrame& frame,
               std::span<const Reading> readings);
  /// The worker may have applied it.
  void may_be_applied(const std::string& value) { add(may_, value); }
  /// The worker must have applied it: it said so, or it will read it.
  void must_be_applied(const std::string& value) {
    add(may_, value);
    add(must_, value);
  }
  /// It came when one of its slots had not begun: the worker may put it aside until it comes again.
  void came_early(const std::string& value) { early_.insert(value); }
  /// The worker will have read it, because it is in a log.
  void is_in_a_log(const std::string& value) {
    if (!early_.contains(value)) must_be_applied(value);
  }
  [[nodiscard]] bool has_slot_after(const std::string& value, UtcTime time) const;
  /// The ledger was set back: what it had is no longer certain, until it is sent again.
  void forget_certainty() { must_.clear(); }

  [[nodiscard]] const Merged& must() const { return must_; }
  [[nodiscard]] const Merged& may() const { return may_; }
  [[nodiscard]] const std::string& boot_of(const std::string& epoch) const {
    return boots_.at(epoch);
  }

 private:
  void add(Merged& into, const std::string& value);

  std::unordered_map<std::string, std::vector<std::pair<FieldsKey, Fields>>> messages_;
  std::map<std::string, std::string> boots_;
  std::set<std::string> early_;
  Merged must_;
  Merged may_;
};

}  // namespace meterbill::sim
