#include "adapters/sqlite/spool_verify.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "adapters/sqlite/spool_fold.h"
#include "base/checked.h"

namespace meterbill {
namespace {

/// A check whose rows (epoch, slot, scope) are faults.
struct Check {
  const char* what;
  const char* sql;  ///< behind "SELECT e.epoch, r.slot, r.scope FROM rows AS r LEFT JOIN epochs …"
};

constexpr Check kChecks[] = {
    {"its epoch is not there", "WHERE e.id IS NULL"},
    {"its slot does not begin on a quarter hour", "WHERE r.slot%900<>0"},
    {"its version is below 1", "WHERE r.version<1"},
    {"a version was offered that it never had", "WHERE r.offered<0 OR r.offered>r.version"},
    {"a version was acknowledged that was never offered",
     "WHERE r.acknowledged<0 OR r.acknowledged>r.offered"},
    {"it is acknowledged, but not when", "WHERE r.acknowledged>0 AND r.acknowledged_at IS NULL"},
    {"it is set aside without reason or time", "WHERE (r.aside IS NULL)<>(r.aside_at IS NULL)"},
    {"the machine's row does not say which time it covers",
     "WHERE r.scope='machine' AND (r.from_us IS NULL OR r.to_us IS NULL OR r.metered_us IS NULL OR "
     "r.estimated_us IS NULL OR r.off_us IS NULL)"},
    {"the time it covers is negative",
     "WHERE r.to_us<r.from_us OR r.metered_us<0 OR r.estimated_us<0 OR r.off_us<0"},
    {"a part covers no time of its own", "WHERE r.scope<>'machine' AND r.from_us IS NOT NULL"},
    {"the final row says that its slot has fewer scopes than there are",
     "WHERE r.scope='machine' AND r.final=1 AND r.scopes<(SELECT count(*) FROM rows AS o "
     "WHERE o.epoch=r.epoch AND o.slot=r.slot)"},
    {"it is not final, though its epoch has ended",
     "WHERE r.final=0 AND r.epoch<(SELECT max(id) FROM epochs)"},
    {"it is not final, though its epoch has gone on to a later slot",
     "WHERE r.final=0 AND EXISTS(SELECT 1 FROM rows AS o WHERE o.epoch=r.epoch AND "
     "o.slot>r.slot)"},
    {"it is not final, though the agent was stopped",
     "WHERE r.final=0 AND (SELECT ended FROM checkpoint)<>0"},
    {"it was saved without a checkpoint", "WHERE NOT EXISTS(SELECT 1 FROM checkpoint)"},
    {"the checkpoint is of another boot than its epoch, the newest",
     "WHERE r.scope='machine' AND r.epoch=(SELECT max(id) FROM epochs) AND "
     "e.boot<>(SELECT boot FROM checkpoint)"},
    {"it covers time after the checkpoint",
     "WHERE r.epoch=(SELECT max(id) FROM epochs) AND r.to_us>(SELECT boot_us FROM checkpoint)"},
};

class Verifier {
 public:
  explicit Verifier(SqliteDb& db) : db_(db) {}

  Result<std::vector<SpoolFault>> run() {
    MB_TRYV(structure());
    // What a damaged file says of rows is not to be believed.
    if (!faults_.empty()) return std::move(faults_);
    for (const Check& check : kChecks) {
      MB_TRYV(rows_of(check));
    }
    MB_TRYV(totals());
    MB_TRYV(folded());
    return std::move(faults_);
  }

 private:
  [[nodiscard]] bool is_full() const { return faults_.size() >= kSpoolFaultsMax; }

  void tell(std::string where, std::string what) {
    if (!is_full()) faults_.push_back({std::move(where), std::move(what)});
  }

  static std::string place(const SqliteStatement& row) {
    const auto slot = Slot::from_unix_seconds(row.integer(1));
    return fmt::format("epoch {} slot {} scope {}", row.text(0),
                       slot ? to_string(slot.value()) : std::string(row.text(1)), row.text(2));
  }

  Result<void> structure() {
    MB_TRY(auto row, db_.prepare(fmt::format("PRAGMA integrity_check({})", kSpoolFaultsMax)));
    for (;;) {
      auto found = row.step();
      if (!found) {
        tell("the file", found.error().message);
        return ok();
      }
      if (!found.value()) return ok();
      if (row.text(0) != "ok") tell("the file", std::string(row.text(0)));
    }
  }

  Result<void> rows_of(const Check& check) {
    MB_TRY(auto row, db_.prepare(fmt::format("SELECT ifnull(e.epoch, ''), r.slot, r.scope "
                                             "FROM rows AS r LEFT JOIN epochs AS e ON e.id=r.epoch "
                                             "{} LIMIT {}",
                                             check.sql, kSpoolFaultsMax)));
    for (;;) {
      MB_TRY(const bool found, row.step());
      if (!found) return ok();
      tell(place(row), check.what);
    }
  }

  /// Each row's names and totals, and that the parts of a slot are no more than its machine.
  Result<void> totals() {
    MB_TRY(auto row,
           db_.prepare("SELECT ifnull(e.epoch, ''), r.slot, r.scope, r.used, r.epoch, "
                       "ifnull(e.machine, '') FROM rows AS r LEFT JOIN epochs AS e ON e.id=r.epoch "
                       "ORDER BY r.epoch, r.slot, r.scope"));
    for (;;) {
      MB_TRY(const bool found, row.step());
      if (!found || std::pair(row.integer(4), row.integer(1)) != of_) compare();
      if (!found || is_full()) return ok();
      of_ = {row.integer(4), row.integer(1)};
      at_ = place(row);
      const std::string scope(row.text(2));
      if (!is_scope(scope)) tell(at_, "its scope is none");
      if (!is_machine_id(row.text(5))) tell(at_, "its machine's name is none");
      const auto used = parse_used(row.text(3));
      if (!used) tell(at_, used.error().message);
      if (!used || is_view(ScopeName(scope))) continue;
      if (scope == machine_scope().str()) {
        machine_ = used.value();
        continue;
      }
      for (const auto& [meter, quantity] : used.value()) parts_[meter] += Int128{quantity};
    }
  }

  Result<void> folded() {
    MB_TRY(const std::int64_t wrong,
           db_.integer("SELECT count(*) FROM folded WHERE rows<1 OR first_slot>last_slot OR "
                       "first_slot%900<>0 OR last_slot%900<>0"));
    if (wrong > 0) tell("what was folded", "it says no rows, or slots that cannot be");
    return ok();
  }

  void compare() {
    for (const auto& [meter, parts] : parts_) {
      const auto whole = machine_.find(meter);
      if (whole == machine_.end() || parts <= whole->second) continue;
      tell(at_.substr(0, at_.find(" scope ")),
           fmt::format("the parts have {} of {}, their machine {}", to_string(parts), meter.str(),
                       whole->second));
    }
    machine_ = {};
    parts_.clear();
  }

  SqliteDb& db_;
  std::vector<SpoolFault> faults_;
  std::pair<std::int64_t, std::int64_t> of_;  // epoch and slot of what follows
  std::string at_;
  MeterTotals machine_;
  std::map<MeterName, Int128> parts_;
};

}  // namespace

Result<std::vector<SpoolFault>> verify_spool(SqliteDb& db) { return Verifier(db).run(); }

}  // namespace meterbill
