#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/agent_events.h"
#include "agent/agent_status.h"
#include "agent/loop_waiter.h"
#include "agent/metering.h"
#include "agent/sender.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/heartbeat.h"
#include "ports/meters.h"
#include "ports/sink.h"
#include "ports/spool.h"

namespace meterbill {

struct AgentOptions {
  MachineId machine;
  Labels labels;
  std::int64_t interval_us = 10'000'000;  ///< 1 s to 5 min
  UtcTime built;                          ///< when the program was built
  std::string damaged_spool = {};         ///< where the spool that could not be opened is kept
  std::string version = {};               ///< of the program, for status
};

/// The world the agent works in. Everything outlives the agent.
struct AgentParts {
  Meters& meters;
  const Clock& clock;
  Spool& spool;
  Sink& sink;
  AgentEvents& events;
  LoopWaiter& tick_waiter;
  LoopWaiter& send_waiter;
  Encode encode;                          ///< wire's `encode`
  std::function<std::uint64_t()> random;  ///< safe to call from both threads
  std::function<EndMark()> how_it_ends;   ///< asked when the agent is told to stop
};

/// The meter of one machine: a metering thread that never waits for the network, and a sending
/// thread. They share the spool, one call at a time, and nothing else; a sink that hangs delays no
/// tick.
class Agent {
 public:
  Agent(AgentOptions options, AgentParts parts);

  /// Reads the boot id and what earlier runs left. A damaged spool is put aside and begun anew.
  /// REQUIRES: called once, before anything else.
  [[nodiscard]] Result<void> open();

  /// Meters and sends until `stop`; then one last tick, the end mark, and one last try to send.
  void run(const std::stop_token& stop);

  /// One tick: read, book, save. What cannot be saved stays in memory.
  void tick_once() { tick(std::nullopt); }
  /// One round of sending, unless it is paused or backing off. Returns how long to wait, in µs.
  [[nodiscard]] std::int64_t send_once();
  /// The last tick of a run.
  void finish(EndMark end) { tick(end); }

  /// Time between two ticks, 1 s to 5 min, from the next one on. From any thread.
  void set_interval(std::int64_t interval_us);

  /// Steer the sending, from any thread; metering goes on.
  void pause();
  void resume();
  /// Returns a number: the try has come to an end, with everything sent or not, when status() says
  /// that one as large is answered.
  std::int64_t send_now();
  /// Lets every kept row wait again and sends; returns how many.
  [[nodiscard]] Result<std::int64_t> send_again();

  /// From any thread.
  [[nodiscard]] AgentStatus status() const;

 private:
  void tick(std::optional<EndMark> end);
  void save(std::optional<EndMark> end);
  void begin_anew(const Error& error);
  void note_damaged(const Error& error, const std::string& kept_as);
  void tell(const TickResult& result, const HostSample& sample);
  void show(const TickResult& result, const HostSample& sample, const Instant& now);
  Result<SpoolCounts> refresh_spool_status();
  void tell_folding(const std::optional<Folded>& folded);
  void send_until(const std::stop_token& stop);
  void wait_for_next_tick(const std::stop_token& stop);
  void keep_house(UtcTime now);
  EpochId random_epoch();

  AgentOptions options_;
  AgentParts parts_;
  mutable Guarded<Spool*> spool_;
  std::int64_t started_boot_us_;
  EpochId run_;  // also the id of the first epoch
  Sender sender_;

  // The metering thread's.
  std::optional<Metering> metering_;
  TickState told_state_ = TickState::kMetered;
  std::string told_fault_;
  bool save_failed_ = false;
  bool told_folding_ = false;
  std::optional<Slot> kept_house_;

  // The sending thread's.
  std::int64_t not_before_boot_us_ = 0;
  std::int64_t sends_answered_ = 0;

  // Shared.
  std::atomic<std::int64_t> interval_us_;
  std::atomic<std::int64_t> waited_us_;  ///< the interval that the next tick was waited for with
  Heartbeat ticking_;
  Heartbeat sending_;
  std::atomic<bool> paused_ = false;
  std::atomic<std::int64_t> sends_asked_ = 0;
  std::atomic<bool> spool_damaged_ = false;
  struct Shown {
    AgentStatus status;
    Instant last_tick;
  };
  Guarded<Shown> shown_;
};

}  // namespace meterbill
