#include "sim/sim_world.h"

#include <fmt/format.h>

#include <array>

namespace meterbill::sim {
namespace {

/// All times are whole milliseconds, so that a host's counters are exact.
constexpr std::int64_t kMilli = 1'000;

Outcome of(Plan plan) {
  Outcome outcome;
  outcome.plan = plan;
  return outcome;
}

UtcTime story_begins() { return parse_utc("2026-11-10T08:52:00Z").value(); }

}  // namespace

World::World(std::uint64_t seed, const std::string& folder)
    : random_(seed),
      outcome_(of(draw_plan(random_))),
      now_us_(story_begins().us),
      broker_(outcome_.plan.partitions, random_),
      worker_host_(0, story_begins(), random_),
      worker_(folder + "worker/", worker_host_, broker_, random_),
      singles_(broker_, worker_, random_) {
  const Plan& plan = outcome_.plan;
  worker_.ended = [this](const std::string& why) { found("the worker ended: " + why); };
  for (std::int64_t number = 1; number <= plan.machines; ++number) {
    const auto way = static_cast<Way>(random_.below(3));
    machines_.push_back(std::make_unique<Machine>(
        number, fmt::format("{}agent-{}/", folder, number), story_begins(), plan, way, worker_,
        broker_, network_, witness_, random_));
    AgentProcess& agent = machines_.back()->agent;
    agent.machine =
        MachineId(plan.share_name && number <= 2 ? "shared" : fmt::format("machine-{}", number));
    agent.interval_us = plan.interval_us;
    agent.failed = [this](const std::string& what) { found("an agent: " + what); };
  }
}

bool World::happens(bool Plan::*trouble, std::int64_t percent) {
  if (is_quiet_ || !(outcome_.plan.*trouble) || !random_.chance(percent)) return false;
  ++outcome_.troubles;
  return true;
}

void World::at(std::int64_t in_us, std::function<void()> what) {
  const std::int64_t when = now_us_ + in_us;
  agenda_.emplace((when + kMilli - 1) / kMilli * kMilli, std::move(what));
}

/// Again and again, at random distances.
void World::every(std::int64_t low_us, std::int64_t high_us, const std::function<void()>& what) {
  at(random_.between(low_us, high_us), [=, this] {
    what();
    every(low_us, high_us, what);
  });
}

void World::pass(std::int64_t us) {
  const std::int64_t until = now_us_ + us;
  const auto advance = [this](std::int64_t to) {
    for (const auto& machine : machines_) machine->host.pass(to - now_us_);
    worker_host_.pass(to - now_us_);
    now_us_ = to;
  };
  while (!agenda_.empty() && agenda_.begin()->first <= until) {
    const auto next = agenda_.extract(agenda_.begin());
    if (next.key() > now_us_) advance(next.key());
    next.mapped()();
  }
  advance(until);
}

Outcome World::run() {
  const Plan& plan = outcome_.plan;
  start_worker();
  for (const auto& machine : machines_) {
    at(random_.below(30 * kSecond), [this, &m = *machine] { start_agent(m); });
    schedule_tick(*machine);
    every(20 * kSecond, 3 * kMinute, [this, &m = *machine] { harm(m); });
  }
  every(kSecond, 20 * kSecond, [this] { work(); });
  every(kMinute, 5 * kMinute, [this] { harm_worker(); });
  every(kMinute, 5 * kMinute, [this] { harm_broker(); });
  every(kSecond, kMinute, [this] { arrive_late(); });
  if (plan.with_samples)
    every(kMinute, 10 * kMinute, [this] { singles_.produce_sample({now_us_}); });
  if (plan.with_events) every(kMinute, 10 * kMinute, [this] { singles_.send_event({now_us_}); });
  pass(plan.slots * 15 * kMinute + random_.below(15 * kMinute) / kMilli * kMilli);
  quiet_down();
  deliver_everything();
  judge();
  return std::move(outcome_);
}

// --- machines -----------------------------------------------------------------------------------

void World::start_agent(Machine& machine) {
  if (!machine.host.is_awake() || machine.agent.is_running() || !machine.wants_agent) return;
  if (happens(&Plan::change_labels, 30))
    machine.agent.labels["rack"] = std::to_string(random_.below(3));
  if (machine.agent.start()) {
    machine.agent.tick();
    if (machine.agent.disk().is_dead()) bury(machine, false);
    return;
  }
  at(random_.between(kSecond, kMinute), [this, &machine] { start_agent(machine); });
}

void World::schedule_tick(Machine& machine) {
  const UtcTime now = machine.host.now().utc;
  std::int64_t wait = next_tick(now, outcome_.plan.interval_us).us - now.us;
  wait += random_.below(30) * kMilli;
  if (happens(&Plan::delay_ticks, 5)) wait += random_.below(5) * outcome_.plan.interval_us;
  at(wait, [this, &machine] {
    tick(machine);
    schedule_tick(machine);
  });
}

void World::tick(Machine& machine) {
  if (!machine.host.is_awake() || !machine.agent.is_running()) return;
  ++outcome_.ticks;
  machine.agent.tick();
  if (!machine.agent.disk().is_dead()) machine.agent.send(20);
  if (machine.agent.disk().is_dead()) bury(machine, random_.chance(30));
}

/// What is dead already is taken away; sometimes the whole host went.
void World::bury(Machine& machine, bool by_power) {
  if (!by_power || is_quiet_) {
    machine.agent.kill();
    at(random_.between(kSecond, 5 * kMinute), [this, &machine] { start_agent(machine); });
    return;
  }
  machine.agent.cut_power();
  machine.host.power_off();
  power_on_later(machine);
}

void World::harm(Machine& machine) {
  machine.host.change_load();
  if (!machine.host.is_awake()) return;
  if (happens(&Plan::step_clocks, 10)) {
    constexpr std::array<std::int64_t, 8> kSteps{-10'800, -600, -50, -20, 7, 29, 600, 10'800};
    machine.host.step_clock(kSteps.at(static_cast<std::size_t>(random_.below(8))) * kSecond);
  }
  if (random_.chance(10) && machine.agent.is_running() && outcome_.plan.restore_spool) {
    machine.image = machine.agent.disk().image();
    machine.image_checkpoint = machine.truth.durable();
    machine.has_image = true;
  }
  if (happens(&Plan::fill_agent_disk, 10)) fill_disk(machine);
  if (happens(&Plan::lose_spool, 4) || happens(&Plan::restore_spool, 4)) replace_disk(machine);
  if (happens(&Plan::kill_agents, 15) || happens(&Plan::stop_agents, 10)) kill_or_stop(machine);
  if (happens(&Plan::suspend_machines, 8)) suspend(machine);
  if (happens(&Plan::reboot_machines, 8)) reboot(machine);
}

void World::kill_or_stop(Machine& machine) {
  if (!machine.agent.is_running()) return;
  if (outcome_.plan.kill_agents && random_.chance(60)) {
    machine.agent.disk().arm(DiskFault::kCrash, random_.between(1, 30));
    return;
  }
  if (outcome_.plan.stop_agents && random_.chance(60))
    machine.agent.stop(EndMark::kOperator);
  else
    machine.agent.kill();
  // Sometimes long enough for whole slots to be bridged; sometimes one restart after another.
  const std::int64_t away =
      random_.chance(20) ? random_.below(40 * kMinute) : random_.below(kMinute);
  at(away, [this, &machine] { start_agent(machine); });
}

void World::reboot(Machine& machine) {
  if (machine.agent.is_running()) {
    if (random_.chance(50))
      machine.agent.stop(EndMark::kHost);
    else
      machine.agent.cut_power();
  }
  machine.host.power_off();
  power_on_later(machine);
}

void World::power_on_later(Machine& machine) {
  at(random_.between(kSecond, 30 * kMinute), [this, &machine] {
    if (machine.host.is_on()) return;
    machine.host.power_on();
    at(random_.between(kSecond, 2 * kMinute), [this, &machine] { start_agent(machine); });
  });
}

void World::suspend(Machine& machine) {
  machine.host.suspend();
  at(random_.between(kSecond, 40 * kMinute), [this, &machine] {
    machine.host.resume();
    start_agent(machine);
  });
}

void World::fill_disk(Machine& machine) {
  machine.agent.disk().arm(DiskFault::kFull, 1);
  at(random_.between(10 * kSecond, 10 * kMinute), [&machine] {
    if (!machine.agent.disk().is_dead()) machine.agent.disk().heal();
  });
}

/// The state directory is gone, or an old copy was put back.
void World::replace_disk(Machine& machine) {
  if (machine.agent.is_running()) machine.agent.kill();
  const bool is_old = machine.has_image && outcome_.plan.restore_spool;
  machine.agent.disk().restore(is_old ? machine.image : std::map<std::string, MemoryFile>());
  machine.truth.disk_replaced(is_old ? machine.image_checkpoint : std::nullopt);
  at(random_.below(kMinute), [this, &machine] { start_agent(machine); });
}

// --- the worker and what lies between -----------------------------------------------------------

void World::start_worker() {
  if (is_worker_away_ || worker_.is_running() || worker_.start()) return;
  at(random_.between(kSecond, kMinute), [this] { start_worker(); });
}

void World::work() {
  if (!worker_.is_running()) return start_worker();
  worker_.work(static_cast<int>(random_.between(1, 4)));
}

void World::harm_worker() {
  if (!worker_.is_running()) return;
  if (random_.chance(20) && outcome_.plan.restore_ledger) ledger_image_ = worker_.disk().image();
  if (happens(&Plan::kill_worker, 30)) worker_.arm(DiskFault::kCrash, random_.between(1, 60));
  if (happens(&Plan::cut_worker_power, 20)) worker_.cut_power();
  if (happens(&Plan::fill_worker_disk, 15)) {
    worker_.arm(DiskFault::kFull, 1);
    at(random_.between(10 * kSecond, 5 * kMinute), [this] {
      if (!worker_.disk().is_dead()) worker_.heal_disk();
    });
  }
  if (happens(&Plan::restore_ledger, 6)) restore_ledger();
}

void World::restore_ledger() {
  if (ledger_image_.empty()) return;
  if (worker_.is_running()) worker_.kill();
  worker_.disk().restore(ledger_image_);
  witness_.forget_certainty();
  singles_.forget_certainty();
}

void World::harm_broker() {
  if (happens(&Plan::add_partitions, 15)) broker_.add_partition();
  if (happens(&Plan::expire_records, 20)) broker_.expire(10);
  if (happens(&Plan::expire_unread, 15)) overtake_worker();
  if (happens(&Plan::truncate_log, 15)) broker_.truncate(6);
  if (happens(&Plan::recreate_topic, 12)) broker_.recreate(random_.chance(50));
  if (happens(&Plan::broker_outages, 25)) {
    broker_.is_up = false;
    at(random_.between(5 * kSecond, 20 * kMinute), [this] { broker_.is_up = true; });
  }
}

/// It is killed or stopped for longer than records are kept, and goes on where they are gone.
void World::overtake_worker() {
  if (is_worker_away_) return;
  is_worker_away_ = true;
  if (random_.chance(50))
    worker_.is_stopped = true;
  else if (worker_.is_running())
    worker_.kill();
  at(random_.between(10 * kSecond, 10 * kMinute), [this] {
    broker_.expire_all_but(6);
    is_worker_away_ = worker_.is_stopped = false;
    start_worker();
  });
}

void World::arrive_late() {
  while (!network_.posts.empty() && random_.chance(70)) {
    const auto index = static_cast<std::ptrdiff_t>(
        random_.below(static_cast<std::int64_t>(network_.posts.size())));
    const std::string body = network_.posts[static_cast<std::size_t>(index)];
    network_.posts.erase(network_.posts.begin() + index);
    static_cast<void>(worker_.post(body));
  }
}

}  // namespace meterbill::sim
