#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace meterbill {

/// A copy of a spool and its log in a folder of its own, removed with the object.
///
/// Not the spool itself, opened for reading: with a log that a killed agent left, SQLite would
/// write beside it. It is small (agent.spool.max_bytes), and the copy can be checked at leisure.
class SpoolCopy {
 public:
  /// Made while no agent can start on it. kConflict: an agent has it. kNotFound, kPermission.
  [[nodiscard]] static Result<SpoolCopy> make(const std::string& spool);
  SpoolCopy(SpoolCopy&& other) noexcept : folder_(std::exchange(other.folder_, "")) {}
  SpoolCopy& operator=(SpoolCopy&&) = delete;
  ~SpoolCopy();

  [[nodiscard]] std::string path() const { return folder_ + "/spool.db"; }

 private:
  explicit SpoolCopy(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace meterbill
