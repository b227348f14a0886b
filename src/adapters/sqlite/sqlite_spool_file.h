#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/spool_copy.h"
#include "adapters/sqlite/sqlite_db.h"
#include "ports/spool_file.h"

namespace meterbill {

/// A stopped agent's spool, read from a copy: what lies in the agent's folder stays as it is, to
/// the byte, also with a log that a kill left.
class SqliteSpoolFile final : public SpoolFile {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SpoolFile>> open(const std::string& path);

  [[nodiscard]] Result<void> rows(
      const std::function<Result<void>(const SpoolRow&)>& each) override;
  [[nodiscard]] Result<std::optional<Folded>> folded() override;
  [[nodiscard]] Result<std::vector<SpoolFault>> verify() override;

 private:
  SqliteSpoolFile(SpoolCopy copy, SqliteDb db) : copy_(std::move(copy)), db_(std::move(db)) {}

  SpoolCopy copy_;  // removed after the connection is closed
  SqliteDb db_;
};

}  // namespace meterbill
