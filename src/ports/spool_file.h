#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/names.h"
#include "domain/reading.h"
#include "ports/folded.h"

namespace meterbill {

/// One row of a stopped agent's spool: a reading, and how far it has got.
struct SpoolRow {
  std::string machine;
  std::string epoch;
  std::string boot;
  Labels labels = {};
  Reading reading = {};
  std::int64_t version = 0;
  std::int64_t offered = 0;  ///< handed to the transport: first, or newest with an answer; 0: none
  std::int64_t acknowledged = 0;  ///< the newest version the other side has; 0: none
  bool is_repeated = false;       ///< acknowledged long ago, and offered once more
  std::optional<UtcTime> acknowledged_at = {};
  std::string aside = {};  ///< why it was refused; empty: it was not
  std::optional<UtcTime> aside_since = {};

  [[nodiscard]] bool waits() const { return version > acknowledged && aside.empty(); }
};

/// Something in a spool that cannot be.
struct SpoolFault {
  std::string where;  ///< "epoch … slot … scope …", or of the whole file
  std::string what;
};

/// The spool of a stopped agent, to look at. Nothing of it is changed. One thread.
class SpoolFile {
 public:
  virtual ~SpoolFile() = default;

  /// Rows by epoch, oldest first, then slot and scope. `each` returning a failure ends the walk
  /// with it. kDamaged, naming the row, when one cannot be read.
  [[nodiscard]] virtual Result<void> rows(
      const std::function<Result<void>(const SpoolRow&)>& each) = 0;

  /// What was booked in `other` for want of room; nothing: none was.
  [[nodiscard]] virtual Result<std::optional<Folded>> folded() = 0;

  /// Everything that cannot be, as far as the first kFaultsMax; empty: the spool is sound.
  [[nodiscard]] virtual Result<std::vector<SpoolFault>> verify() = 0;
};

inline constexpr std::size_t kSpoolFaultsMax = 100;

/// Opens the spool at that path. kConflict while an agent has it, or when it is of an older
/// program; kNotFound, kPermission, kTooNew, kDamaged (no database), kConfig (another program's).
using OpenSpoolFile = std::function<Result<std::unique_ptr<SpoolFile>>(const std::string& path)>;

}  // namespace meterbill
