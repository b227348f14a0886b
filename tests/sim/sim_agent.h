#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/sqlite_spool.h"
#include "agent/agent.h"
#include "sim/sim_host.h"
#include "sim/sim_truth.h"
#include "sim/sim_witness.h"
#include "support/memory_disk.h"
#include "support/recording_events.h"

namespace meterbill::sim {

/// The real spool, watched: which checkpoint was durable last is known to the one who judges, and
/// when the program died in the middle of saving, which two it may be.
class WatchedSpool final : public Spool {
 public:
  WatchedSpool(std::unique_ptr<SqliteSpool> spool, Truth& truth, const MemoryDisk& disk,
               BootId boot)
      : spool_(std::move(spool)), truth_(truth), disk_(disk), boot_(std::move(boot)) {}

  bool is_honest = true;  ///< what it gave was acknowledged before

  Result<Past> load() override;
  Result<void> save(const TickRecord& tick) override;
  Result<std::vector<PendingRow>> pending(std::size_t limit, UtcTime now) override {
    return spool_->pending(limit, now);
  }
  Result<void> mark_offered(std::span<const RowVersion> rows) override {
    return spool_->mark_offered(rows);
  }
  Result<void> acknowledge(std::span<const RowVersion> rows, UtcTime now) override {
    return spool_->acknowledge(rows, now);
  }
  Result<void> set_aside(const RowVersion& row, const std::string& reason, UtcTime now) override {
    return spool_->set_aside(row, reason, now);
  }
  Result<std::int64_t> repeat_old(UtcTime now) override { return spool_->repeat_old(now); }
  Result<std::int64_t> offer_again() override { return spool_->offer_again(); }
  Result<SpoolCounts> counts() override { return spool_->counts(); }
  Result<std::vector<AsideRow>> aside(std::size_t limit) override { return spool_->aside(limit); }
  Result<std::string> begin_anew(UtcTime now) override { return spool_->begin_anew(now); }

 private:
  std::unique_ptr<SqliteSpool> spool_;
  Truth& truth_;
  const MemoryDisk& disk_;
  BootId boot_;
};

/// Nobody waits: the world says when a tick comes.
class NoWaiter final : public LoopWaiter {
 public:
  void wait(const std::stop_token&, std::int64_t) override {}
  void wake() override {}
};

/// An agent's process on a host: the real agent core and the real spool on a model disk.
class AgentProcess {
 public:
  /// `folder` is the model disk's. All outlive this.
  AgentProcess(std::string folder, Host& host, Sink& sink, Truth& truth, Witness& witness,
               Random& random);

  MachineId machine;
  Labels labels;
  std::int64_t interval_us = 0;
  /// What must not happen, in words.
  std::function<void(const std::string&)> failed;

  bool start();
  void tick();
  void send(int rounds_max);
  void stop(EndMark end);
  /// SIGKILL, and the host's end.
  void kill();
  void cut_power();
  [[nodiscard]] bool is_running() const { return agent_ != nullptr; }
  [[nodiscard]] Agent& agent() { return *agent_; }
  [[nodiscard]] MemoryDisk& disk() { return disk_; }

 private:
  void note_tick();
  void end_process();

  MemoryDisk disk_;
  Host& host_;
  Sink& sink_;
  Truth& truth_;
  Witness& witness_;
  Random& random_;
  RecordingEvents events_;
  NoWaiter waiter_;
  std::unique_ptr<WatchedSpool> spool_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace meterbill::sim
