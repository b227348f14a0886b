#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/sim_random.h"

namespace meterbill::sim {

/// How an agent's readings travel.
enum class Way { kHttp, kKafka, kBoth };

/// What may happen in one run. Each seed draws a subset ("swarm testing", Groce et al. 2012): a run
/// in which everything happens all the time never gets far enough to fail in an interesting way.
struct Plan {
  // The world.
  std::int64_t machines = 1;
  std::int64_t interval_us = 0;
  std::int64_t slots = 4;  ///< how long trouble lasts
  std::int64_t partitions = 1;
  bool with_samples = false;
  bool with_events = false;
  // The ways.
  bool lose_requests = false;
  bool lose_answers = false;
  bool duplicate = false;  ///< and delay, and so reorder
  bool lose_acknowledged = false;
  bool truncate_log = false;
  bool recreate_topic = false;
  bool add_partitions = false;
  bool expire_records = false;
  bool expire_unread = false;  ///< retention passes a worker that stands still
  bool broker_outages = false;
  // The worker.
  bool kill_worker = false;
  bool cut_worker_power = false;
  bool fill_worker_disk = false;
  bool restore_ledger = false;
  // The machines.
  bool kill_agents = false;
  bool stop_agents = false;
  bool reboot_machines = false;
  bool suspend_machines = false;
  bool step_clocks = false;
  bool delay_ticks = false;
  bool fill_agent_disk = false;
  bool lose_spool = false;
  bool restore_spool = false;
  bool share_name = false;
  bool change_labels = false;
};

[[nodiscard]] Plan draw_plan(Random& random);

/// The names of what happens in it, for whoever replays a seed.
[[nodiscard]] std::string to_string(const Plan& plan);

}  // namespace meterbill::sim
