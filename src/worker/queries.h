#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/coverage.h"
#include "domain/period.h"
#include "domain/price_book.h"
#include "domain/price_version_use.h"
#include "domain/statement.h"
#include "ports/ledger_store.h"
#include "report/coverage_page.h"
#include "report/evidence_page.h"
#include "report/kept_out.h"
#include "report/usage_page.h"
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
  /// What the prototype would ask for the newest percentages; none were sent with usage events.
  std::optional<Cost> sample_cost;
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

  /// What the book is.
  [[nodiscard]] const PriceSource& prices() const { return source_; }

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
  [[nodiscard]] Result<Cost> sample_cost(UtcTime at, const std::string& cpu_usage,
                                         const std::string& memory_usage) const;

  /// The machine's newest clock steps, at most `max`, in slot order. kNotFound: no such machine.
  [[nodiscard]] Result<std::vector<ClockStep>> newest_clock_steps(LedgerReader& ledger,
                                                                  const MachineId& machine,
                                                                  std::size_t max) const;

  /// What operators' decisions discard of machines in all their slots: base units of scope
  /// `machine`, by name. Only rows of machines of which something is are read.
  [[nodiscard]] Result<std::map<MachineId, KeptOut>> discarded(
      LedgerReader& ledger, const std::optional<MachineId>& machine) const;

  struct UsageRequest {
    std::optional<MachineId> machine = {};  ///< absent: all
    UsageBy by = UsageBy::kDay;
    Period period = {};
    std::optional<UsageCursor> from = {};  ///< where the page before ended
    std::size_t rows_max = kUsageRowsMax;
  };
  /// A page holds so many rows, and those of the slot, hour or day with which they are reached.
  static constexpr std::size_t kUsageRowsMax = 10'000;
  /// Billed usage, and views: one page, machine by machine in name order. All pages together are
  /// the same wherever they are cut; each shows the ledger as it is when it is asked for.
  [[nodiscard]] Result<UsagePage> usage(LedgerReader& ledger, const UsageRequest& request) const;

  struct EvidenceRequest {
    MachineId machine = {};
    Slot slot = {};
    std::optional<ScopeName> scope = {};  ///< absent: all
    EvidenceCursor from = {};             ///< where the page before ended
    std::size_t bytes_max = kEvidenceBytesMax;
  };
  /// A page ends with the message that reaches it, or when 64 MiB of evidence were looked through.
  static constexpr std::size_t kEvidenceBytesMax = std::size_t{1} << 20;
  /// Back from a slot to the kept messages that made it, and some that said nothing new: one page.
  /// Those of boots renamed to the machine are of it, those of its boots renamed away are not.
  /// kNotFound: no such machine.
  [[nodiscard]] Result<EvidencePage> evidence(LedgerReader& ledger, const EvidenceRequest& request,
                                              const Sha256Hex& sha256_hex) const;

  struct CoverageRequest {
    std::optional<MachineId> machine = {};  ///< absent: all
    std::optional<UsageBy> by = {};         ///< absent: the whole period in one row
    Period period = {};
    UtcTime now = {};
    std::optional<UsageCursor> from = {};  ///< where the page before ended
    std::size_t slots_max = kCoverageSlotsMax;
    std::size_t rows_max = kUsageRowsMax;
  };
  /// A page reads the rows of so many slots, and those of the machine, or of the slot, hour or day,
  /// with which they are reached.
  static constexpr std::size_t kCoverageSlotsMax = 100'000;
  /// One page of what statements say of the time of machines, as of `now`.
  [[nodiscard]] Result<CoveragePage> coverage(LedgerReader& ledger,
                                              const CoverageRequest& request) const;

  [[nodiscard]] const PriceBook& book() const { return book_; }

 private:
  /// Everything about the machines, read once a query.
  struct View {
    Dictionary names;
    std::map<MachineKey, MachineFacts> machines;
    std::map<MachineKey, Decisions> decisions;
    std::map<MachineKey, Holds> holds;
    std::map<MachineId, MachineKey> keys;
    std::map<MachineKey, std::set<MachineKey>> renamed;  ///< machine → those with boots of it
    std::map<std::string, MeterKey> meters;
    ScopeKey machine_scope;
    TimeMeters time;  ///< as far as the ledger has them; they are not in `names`
    Slot newest;      ///< of all machines
    std::function<const ScopeName&(ScopeKey)> scope_name;
    std::function<const MeterName&(MeterKey)> meter_name;
    std::function<Slot(MeterKey, Slot)> segment_of;
  };

  using EachRow = std::function<Result<void>(const RowContext&, Slot, const UsageRow&)>;

  /// The clock steps of a row in what is billed to that machine.
  static std::vector<ClockStep> clock_steps_of(MachineKey machine, const RowContext& context,
                                               Slot slot, const UsageRow& row);
  static std::string labels_text(const Dictionary& names, LabelSetKey key);
  Result<void> open_view(LedgerReader& ledger, View& view) const;
  /// kNotFound: nothing is known of the machine.
  [[nodiscard]] static Result<MachineKey> key_of(const View& view, const MachineId& machine);
  /// The machines whose rows may hold usage billed to `machine` (renamed boots), or all.
  [[nodiscard]] static std::set<MachineKey> sources(const View& view,
                                                    const std::optional<MachineId>& machine);
  static Result<void> walk(LedgerReader& ledger, const View& view, MachineKey machine,
                           SlotRange range, const EachRow& each);
  static Result<void> rate(const View& view, const Totals& totals,
                           const std::optional<MachineId>& machine, Rating& rating);
  /// Rates the running totals of the period; those of time are given back.
  static Result<std::map<MachineKey, TimeTotals>> rate_running(
      LedgerReader& ledger, const View& view, const Period& period,
      const std::optional<MachineId>& machine, Rating& rating);
  class Notes;
  [[nodiscard]] static bool is_wanted(const std::optional<MachineId>& wanted,
                                      const MachineId& machine) {
    return !wanted || *wanted == machine;
  }
  /// Adds what an epoch used of the whole machine in one slot.
  static void add_whole(const RowContext& context, const EpochUsage& usage, KeptOut& to);
  /// Usage before it counts. The draft of now counts all there is: readings of the next slot may
  /// have come from a clock that is a little ahead.
  [[nodiscard]] static Slot cut_off(const View& view, const Period& period, UtcTime now);
  /// When the machine should have been metered.
  [[nodiscard]] static Expectation expectation(const View& view, const MachineFacts& machine,
                                               const Period& period, UtcTime now);
  /// Whether anything that tells time is billed to the machine.
  static Result<bool> has_cover(LedgerReader& ledger, const View& view,
                                const MachineFacts& machine);
  /// What is covered of each slot by what is billed to the machine.
  static Result<void> walk_cover(LedgerReader& ledger, const View& view,
                                 const MachineFacts& machine, SlotRange range,
                                 const std::function<void(Slot, const Cover&)>& each);
  /// A piece of a machine's coverage and the slot with which the next one begins, if any is left.
  Result<std::optional<Slot>> machine_coverage(LedgerReader& ledger, const View& view,
                                               const CoverageRequest& request, SlotRange range,
                                               std::size_t slots_max,
                                               MachineCoverage& coverage) const;
  /// A piece of a machine's usage and the slot with which the next one begins, if any is left.
  Result<std::optional<Slot>> machine_usage(LedgerReader& ledger, const View& view,
                                            const UsageRequest& request, SlotRange range,
                                            std::size_t rows_max, MachineUsage& usage) const;
  [[nodiscard]] bool is_whole_months(const Period& period) const;

  const PriceBook& book_;
  PriceSource source_;
};

}  // namespace meterbill
