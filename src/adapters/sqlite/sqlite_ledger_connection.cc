#include "adapters/sqlite/sqlite_ledger_connection.h"

#include <sqlite3.h>

#include <string>

#include "base/platform_words.h"

namespace meterbill {

Result<LedgerSnapshot> LedgerSnapshot::begin(SqliteDb& db) {
  if (db.in_transaction()) return LedgerSnapshot(nullptr);
  MB_TRY(const SqliteQuery begin, db.query("BEGIN"));
  MB_TRYV(begin->run());
  return LedgerSnapshot(&db);
}

LedgerSnapshot::~LedgerSnapshot() {
  // Nothing was written, so ending it cannot lose anything.
  if (db_ == nullptr || !db_->in_transaction()) return;
  if (auto end = db_->query("COMMIT")) static_cast<void>(end.value()->run());
}

Result<void> LedgerConnection::usable() const {
  if (condemned_) return *condemned_;
  return ok();
}

Error LedgerConnection::judged(Error error) {
  if (error.code == Code::kIo || error.code == Code::kDamaged) return condemn(error);
  return error;
}

Error LedgerConnection::condemn(const Error& error) {
  const bool damaged = error.code == Code::kDamaged;
  condemned_ =
      Error{damaged ? Code::kDamaged : Code::kIo,
            error.message + (damaged ? "; restore a backup (" + std::string(kLedgerManual) + ")"
                                     : "; the disk failed: restart to verify the ledger")};
  // What a failed sync left in the WAL must not reach the database file by way of the close.
  sqlite3_db_config(db_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return *condemned_;
}

}  // namespace meterbill
