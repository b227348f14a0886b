#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/period.h"
#include "domain/price_book.h"
#include "domain/statement.h"
#include "ports/ledger_store.h"
#include "report/usage_report.h"
#include "worker/contribution.h"

namespace meterbill {

/// What statements say about the prices.
struct PriceSource {
  std::string name;    ///< path of the file, or `built in`
  std::string digest;  ///< SHA-256 of PriceBook::text(), hex
};

/// What a machine has cost in the current billing period: from running totals, so it is cheap
/// however much usage there is.
struct MachineCost {
  Cost cost;
  Period period;
};

/// Whether a statement's lines come from the running totals or are summed from the slots. Both give
/// the same bytes (tested); periods that are not whole months can only be summed.
enum class LinesFrom { kTotals, kSlots };

/// Questions about a ledger, each a pure function of what the reader gives, the price book and
/// `now`. While something may commit, a snapshot of the reader must be held over each. Used by the
/// service's query threads and by the CLI on the ledger of a stopped service. No state: safe from
/// several threads with a reader each.
class Queries {
 public:
  /// `book` outlives the object.
  Queries(const PriceBook& book, PriceSource source) : book_(book), source_(std::move(source)) {}

  /// `machine`: only that one. `cut_off`: usage before it; absent: all there is, the draft of now.
  /// `warnings` are passed on to the statement.
  [[nodiscard]] Result<Statement> statement(LedgerReader& ledger, const Period& period,
                                            const std::optional<MachineId>& machine, UtcTime now,
                                            LinesFrom from,
                                            std::vector<std::string> warnings) const;

  /// kNotFound: nothing is known of the machine.
  [[nodiscard]] Result<MachineCost> cost(LedgerReader& ledger, const MachineId& machine,
                                         UtcTime now) const;

  /// What the sample costs by itself, at the prices of its time.
  [[nodiscard]] Result<Cost> sample_cost(const RecentSample& sample) const;

  /// The machine's newest clock steps, at most `max`, in slot order. kNotFound: no such machine.
  [[nodiscard]] Result<std::vector<ClockStep>> newest_clock_steps(LedgerReader& ledger,
                                                                  const MachineId& machine,
                                                                  std::size_t max) const;

  struct UsageRequest {
    std::optional<MachineId> machine;
    UsageBy by = UsageBy::kDay;
    SlotRange range;
  };
  /// Billed usage, and views, machine by machine in name order: `each` gets one machine's rows.
  [[nodiscard]] Result<void> usage(
      LedgerReader& ledger, const UsageRequest& request,
      const std::function<Result<void>(const std::vector<UsageReportRow>&)>& each) const;

  [[nodiscard]] const PriceBook& book() const { return book_; }

 private:
  /// Everything about the machines, read once a query.
  struct View {
    Dictionary names;
    std::map<MachineKey, MachineFacts> machines;
    std::map<MachineKey, Decisions> decisions;
    std::map<MachineKey, Holds> holds;
    std::map<std::string, MeterKey> meters;
    ScopeKey machine_scope;
    std::function<const ScopeName&(ScopeKey)> scope_name;
    std::function<const MeterName&(MeterKey)> meter_name;
    SegmentOf segment_of;
  };

  using EachRow = std::function<Result<void>(const RowContext&, Slot, const UsageRow&)>;

  Result<void> open_view(LedgerReader& ledger, View& view) const;
  /// kNotFound: nothing is known of the machine.
  [[nodiscard]] static Result<MachineKey> key_of(const View& view, const MachineId& machine);
  /// The machines whose rows may hold usage billed to `machine` (renamed boots), or all.
  [[nodiscard]] static std::set<MachineKey> sources(const View& view,
                                                    const std::optional<MachineId>& machine);
  static Result<void> walk(LedgerReader& ledger, const View& view, MachineKey machine,
                           SlotRange range, const EachRow& each);
  static Result<void> rate_totals(LedgerReader& ledger, const View& view, const Period& period,
                                  const std::optional<MachineId>& machine, Rating& rating);
  static Result<void> rate_row(const View& view, const RowContext& context, Slot slot,
                               const UsageRow& row, const std::optional<MachineId>& machine,
                               Rating& rating);
  static Result<std::map<MachineId, MachineNote>> notes(LedgerReader& ledger, const View& view,
                                                        const Period& period, Slot cut_off,
                                                        std::optional<Slot> open,
                                                        const std::optional<MachineId>& machine);
  [[nodiscard]] bool is_whole_months(const Period& period) const;

  const PriceBook& book_;
  PriceSource source_;
};

}  // namespace meterbill
