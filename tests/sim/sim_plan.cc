#include "sim/sim_plan.h"

#include <array>
#include <utility>

namespace meterbill::sim {
namespace {

using Flag = bool Plan::*;

/// Every trouble with the percentage of runs that have it.
struct Trouble {
  Flag flag;
  const char* name;
  std::int64_t percent;
};

constexpr std::array kTroubles{
    Trouble{&Plan::with_samples, "samples", 40},
    Trouble{&Plan::with_events, "events", 40},
    Trouble{&Plan::lose_requests, "lose_requests", 40},
    Trouble{&Plan::lose_answers, "lose_answers", 40},
    Trouble{&Plan::duplicate, "duplicate", 40},
    Trouble{&Plan::lose_acknowledged, "lose_acknowledged", 20},
    Trouble{&Plan::truncate_log, "truncate_log", 12},
    Trouble{&Plan::recreate_topic, "recreate_topic", 20},
    Trouble{&Plan::add_partitions, "add_partitions", 20},
    Trouble{&Plan::expire_records, "expire_records", 15},
    Trouble{&Plan::expire_unread, "expire_unread", 20},
    Trouble{&Plan::broker_outages, "broker_outages", 25},
    Trouble{&Plan::kill_worker, "kill_worker", 40},
    Trouble{&Plan::cut_worker_power, "cut_worker_power", 25},
    Trouble{&Plan::fill_worker_disk, "fill_worker_disk", 20},
    Trouble{&Plan::restore_ledger, "restore_ledger", 12},
    Trouble{&Plan::kill_agents, "kill_agents", 40},
    Trouble{&Plan::stop_agents, "stop_agents", 25},
    Trouble{&Plan::reboot_machines, "reboot_machines", 30},
    Trouble{&Plan::suspend_machines, "suspend_machines", 25},
    Trouble{&Plan::step_clocks, "step_clocks", 30},
    Trouble{&Plan::delay_ticks, "delay_ticks", 30},
    Trouble{&Plan::fill_agent_disk, "fill_agent_disk", 20},
    Trouble{&Plan::lose_spool, "lose_spool", 10},
    Trouble{&Plan::restore_spool, "restore_spool", 10},
    Trouble{&Plan::share_name, "share_name", 12},
    Trouble{&Plan::change_labels, "change_labels", 20},
};

}  // namespace

Plan draw_plan(Random& random) {
  Plan plan;
  plan.machines = random.between(1, 3);
  constexpr std::array<std::int64_t, 5> kIntervals{10, 20, 30, 60, 300};
  plan.interval_us = kIntervals.at(static_cast<std::size_t>(random.below(5))) * kSecond;
  plan.slots = plan.interval_us >= kMinute ? random.between(2, 8) : random.between(1, 3);
  plan.partitions = random.between(1, 3);
  for (const Trouble& trouble : kTroubles) plan.*trouble.flag = random.chance(trouble.percent);
  if (plan.share_name && plan.machines == 1) plan.machines = 2;
  return plan;
}

std::string to_string(const Plan& plan) {
  std::string text = std::to_string(plan.machines) + " machines, a tick every " +
                     std::to_string(plan.interval_us / kSecond) + " s, " +
                     std::to_string(plan.slots) + " slots:";
  for (const Trouble& trouble : kTroubles)
    if (plan.*trouble.flag) text += std::string(" ") + trouble.name;
  return text;
}

}  // namespace meterbill::sim
