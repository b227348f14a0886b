#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/reading.h"
#include "report/usage_report.h"
#include "wire/message.h"

namespace meterbill {

/// Machines that do not exist, with agents that send what such machines would have used: to try a
/// broker and a worker with.
struct LoadFleetSpec {
  std::int64_t agents = 1;
  std::int64_t scopes = 0;          ///< parts of each machine, besides the whole; < kScopesMax
  std::string prefix = "loadgen-";  ///< of the machines' names: `loadgen-000001`, …
  std::uint64_t seed = 0;           ///< decides what each machine uses, and its boot
};

/// What the agents say is a function of the fleet, the machine and the time, so that a fleet needs
/// no more memory than how far each machine is confirmed. An agent repeats the last reading of a
/// slot until it is confirmed, as a real one does; so what the ledger should have is known. One
/// thread.
class LoadFleet {
 public:
  /// `start`: when the agents begin to meter. Two fleets of one seed are the same machines, booted
  /// once, whose agents were started twice.
  LoadFleet(LoadFleetSpec spec, UtcTime start);

  [[nodiscard]] std::int64_t size() const { return spec_.agents; }
  [[nodiscard]] const LoadFleetSpec& spec() const { return spec_; }
  [[nodiscard]] UtcTime start() const { return start_; }
  [[nodiscard]] MachineId machine(std::int64_t index) const;

  /// Appends what agent `index` sends at `now`, later than any time before: one message, more when
  /// it does not fit. `is_last`: it will use nothing any more.
  void append_messages(std::int64_t index, UtcTime now, bool is_last,
                       std::vector<OutgoingMessage>& to);
  /// All that it sent at `now` was acknowledged.
  void confirm(std::int64_t index, UtcTime now);
  [[nodiscard]] bool is_confirmed(std::int64_t index, UtcTime now) const;

  /// What agent `index` has used as far as it is confirmed: what a ledger shows of it by slot.
  [[nodiscard]] MachineUsage confirmed_usage(std::int64_t index) const;

 private:
  /// What one machine is like.
  struct Machine {
    std::int64_t cores = 0;
    std::int64_t memory_kib = 0;
    std::int64_t cpu_permille = 0;
    std::int64_t memory_permille = 0;
  };
  [[nodiscard]] std::uint64_t hash(std::int64_t index, std::uint64_t what) const;
  [[nodiscard]] Machine make_machine(std::int64_t index) const;
  [[nodiscard]] std::vector<Reading> readings(const Machine& machine, UtcTime from, UtcTime now,
                                              bool is_last) const;
  void append_slot(const Machine& machine, Slot slot, UtcTime now, bool is_last,
                   std::vector<Reading>& to) const;

  LoadFleetSpec spec_;
  UtcTime start_;
  Labels labels_;
  std::vector<ScopeName> scopes_;   // of the parts
  std::vector<UtcTime> confirmed_;  // by index; start_: nothing yet
  std::int64_t seq_ = 1;            // of all agents together: it is for tracing only
};

}  // namespace meterbill
