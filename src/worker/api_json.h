#pragma once

#include <string>
#include <vector>

#include "domain/clock_step.h"
#include "ports/ledger_store.h"
#include "report/kept_out.h"
#include "worker/backup.h"
#include "worker/recent_coverage.h"
#include "worker/worker.h"

namespace meterbill {

/// Body of /api/v1/status. `counts` are the sums over all sources ever claimed: applied + repeated
/// + quarantined = read. Of `gaps` the newest 100 are listed, and all are counted. `coverage`: null
/// while none was looked at.
[[nodiscard]] std::string status_json(
    const WorkerStatus& status, const LedgerFacts& facts,
    const std::map<std::string, Counts>& counts,
    const std::map<QuarantineState, std::int64_t>& quarantined, std::vector<Gap> gaps,
    const std::vector<std::string>& held_machines, const std::vector<std::string>& silent_machines,
    const std::vector<std::string>& warnings, const std::string& version,
    const std::optional<UtcTime>& started, UtcTime now, const RecentCoverage* coverage);

/// Body of /api/v1/quarantine: newest first; values as text with what is no UTF-8 replaced, and
/// their exact bytes in base64 when one item is asked for. `not_kept` counts what was too much to
/// keep.
[[nodiscard]] std::string quarantine_json(const std::vector<QuarantineItem>& items,
                                          std::int64_t not_kept);
[[nodiscard]] std::string quarantine_item_json(const QuarantineItem& item);

/// A boot of a machine: one that reported its name, or one that is billed to it.
struct BootView {
  BootId boot;
  std::int64_t epochs = 0;
  bool in_conflict = false;
  bool is_discarded = false;  ///< some of it, because a boot that it conflicts with is kept
  std::optional<Decision> decision = {};
  std::optional<MachineId> renamed_to = {};    ///< billed there
  std::optional<MachineId> renamed_from = {};  ///< reported that name
};

/// One machine for /api/v1/machines.
struct MachineView {
  MachineFacts facts;
  bool in_conflict = false;
  bool is_summed = false;              ///< decided, above all decisions about its boots
  std::vector<BootView> boots;         ///< by boot id
  Labels labels;                       ///< of the epoch billed to it that was seen last
  KeptOut discarded;                   ///< in all its slots, what an operator's decision discards
  std::vector<ClockStep> clock_steps;  ///< the newest, when one machine is asked for
};
[[nodiscard]] std::string machines_json(const std::vector<MachineView>& machines);
/// With its boots and its newest clock steps.
[[nodiscard]] std::string machine_json(const MachineView& machine);

/// Of a backup: `state` is `none`, `running`, `done` or `failed`.
[[nodiscard]] std::string backup_json(const BackupStatus& status);

}  // namespace meterbill
