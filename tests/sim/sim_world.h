#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/sim_broker.h"
#include "sim/sim_host.h"
#include "sim/sim_machine.h"
#include "sim/sim_plan.h"
#include "sim/sim_singles.h"
#include "sim/sim_verdict.h"
#include "sim/sim_worker.h"

namespace meterbill::sim {

/// What a run came to.
struct Outcome {
  Plan plan;
  Findings findings;  ///< empty: all is right
  std::int64_t ticks = 0;
  std::int64_t troubles = 0;  ///< what was done to the programs
  std::int64_t held = 0;      ///< (epoch, slot)
  std::int64_t singles = 0;   ///< samples and usage events
  /// Of everything that was drawn and of what the ledger holds at the end.
  std::uint64_t fingerprint = 0;
};

/// One run: machines with agents, a network, a broker and a worker under a virtual clock, in one
/// thread, everything drawn from one seed; then all trouble ends, everything is delivered, and the
/// ledger is judged.
class World {
 public:
  /// `folder`: names below it are used, and nothing but the ledger's lock is written.
  World(std::uint64_t seed, const std::string& folder);

  Outcome run();

 private:
  void at(std::int64_t in_us, std::function<void()> what);
  void every(std::int64_t low_us, std::int64_t high_us, const std::function<void()>& what);
  void pass(std::int64_t us);
  [[nodiscard]] bool happens(bool Plan::*trouble, std::int64_t percent);
  void found(std::string what) { outcome_.findings.push_back(std::move(what)); }

  // machines
  void start_agent(Machine& machine);
  void schedule_tick(Machine& machine);
  void tick(Machine& machine);
  void bury(Machine& machine, bool by_power);
  void harm(Machine& machine);
  void kill_or_stop(Machine& machine);
  void reboot(Machine& machine);
  void power_on_later(Machine& machine);
  void suspend(Machine& machine);
  void fill_disk(Machine& machine);
  void replace_disk(Machine& machine);
  // the worker and what lies between
  void work();
  void start_worker();
  void harm_worker();
  void restore_ledger();
  void harm_broker();
  void overtake_worker();
  void arrive_late();
  void accept_partitions();

  void quiet_down();
  void deliver_everything();
  void judge();
  void judge_gaps(const LedgerContent& content);
  void judge_status();

  Random random_;
  Outcome outcome_;
  std::int64_t now_us_ = 0;
  std::multimap<std::int64_t, std::function<void()>> agenda_;
  Broker broker_;
  Network network_;
  Witness witness_;
  Host worker_host_;
  WorkerProcess worker_;
  std::vector<std::unique_ptr<Machine>> machines_;
  Singles singles_;
  std::map<std::string, MemoryFile> ledger_image_;
  bool is_worker_away_ = false;  ///< nobody starts it, or it is stopped
  bool is_quiet_ = false;
};

}  // namespace meterbill::sim
