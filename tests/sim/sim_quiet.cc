// How a run ends: all trouble is over, everything is delivered, and the ledger is judged.
#include <fmt/format.h>

#include <chrono>
#include <future>

#include "sim/sim_world.h"

namespace meterbill::sim {
namespace {

/// Longer than acknowledged rows are kept, even those acknowledged while a clock was ahead, by
/// steps of up to 3 h that add up.
constexpr std::int64_t kKeptUs = 120 * kHour;

}  // namespace

/// Disks work, hosts run, agents and worker are started; what is under way arrives.
void World::quiet_down() {
  is_quiet_ = true;
  broker_.is_up = true;
  is_worker_away_ = worker_.is_stopped = false;
  worker_.heal_disk();
  if (worker_.is_running() && worker_.disk().is_dead()) worker_.kill();
  start_worker();
  for (const auto& machine : machines_) {
    machine->sink.is_reliable = true;
    machine->agent.disk().heal();
    machine->host.resume();
    if (!machine->host.is_on()) machine->host.power_on();
    machine->host.step_clock(-machine->host.wall_offset_us());
    // No program runs at the very instant of a boot.
    at(random_.between(kSecond, 5 * kSecond), [this, &m = *machine] { start_agent(m); });
  }
  while (!network_.posts.empty()) arrive_late();
  pass(3 * outcome_.plan.interval_us + kMinute);
  accept_partitions();
}

/// What a broker had acknowledged and lost comes again by itself after two days: the machines sleep
/// for so long. What a restored ledger lost, an operator has sent again.
void World::deliver_everything() {
  pass(outcome_.plan.interval_us);
  for (const auto& machine : machines_) machine->host.suspend();
  agenda_.clear();
  pass(kKeptUs);
  for (const auto& machine : machines_) {
    machine->host.resume();
    schedule_tick(*machine);
  }
  every(kSecond, 20 * kSecond, [this] { work(); });
  pass(2 * outcome_.plan.interval_us + kMinute);
  for (const auto& machine : machines_) {
    if (!machine->agent.is_running()) {
      found("an agent does not run although nothing hinders it");
      continue;
    }
    if (outcome_.plan.restore_ledger && !machine->agent.agent().send_again())
      found("send --again failed");
    machine->agent.stop(EndMark::kOperator);
    machine->truth.finish();
  }
  if (worker_.is_running()) worker_.kafka().is_reliable = true;
  // Errors from before are waited out, for longer each time; a partition that waited may be found
  // to have another log only then.
  for (int i = 0; i < 200; ++i) worker_.work(100);
  accept_partitions();
}

/// The operator says of each halted partition that its new log is right.
void World::accept_partitions() {
  for (int rounds = 0; rounds < 20; ++rounds) {
    worker_.work(20);
    if (!worker_.is_running()) return;  // it ended by itself: that is found, and judged at the end
    for (const PartitionStatus& partition : worker_.kafka().status().partitions) {
      if (partition.state != PartitionState::kHalted) continue;
      if (worker_.worker().status().ready)
        found(fmt::format("ready although partition {} is halted", partition.partition));
      worker_.kafka().is_frozen = true;
      auto done = std::async(std::launch::async,
                             [&] { return worker_.worker().accept("kafka", partition.partition); });
      while (done.wait_for(std::chrono::microseconds(50)) != std::future_status::ready)
        static_cast<void>(worker_.worker().step());
      static_cast<void>(done.get());  // a partition that halted for want of a look is not accepted
      worker_.kafka().is_frozen = false;
    }
  }
}

void World::judge() {
  Findings& findings = outcome_.findings;
  if (!worker_.is_running()) return found("the worker does not run although nothing hinders it");
  for (const Log& log : broker_.logs())
    for (const Delivery& delivery : log.records) witness_.is_in_a_log(delivery.value);
  const LedgerContent content = read_content(worker_.ledger());
  outcome_.held = static_cast<std::int64_t>(content.held.size());
  outcome_.singles = singles_.count();
  outcome_.fingerprint = fingerprint(content) ^ random_.next();
  judge_merge(content, witness_, findings);
  judge_holds(content, findings);
  for (const auto& machine : machines_)
    judge_truth(content, machine->agent.machine.str(), machine->truth, findings);
  judge_bill(content, worker_.ledger(), worker_.book(), {now_us_}, findings);
  singles_.judge(content, worker_.ledger(), findings);
  const Plan& plan = outcome_.plan;
  if (!plan.truncate_log && !plan.recreate_topic && !plan.restore_ledger) judge_gaps(content);
  judge_status();
}

/// REQUIRES: neither the topic nor the ledger was ever set back.
void World::judge_gaps(const LedgerContent& content) {
  const auto positions = worker_.ledger().positions().value();
  const auto of_source = positions.find(worker_.kafka().name());
  if (of_source == positions.end()) return;
  const auto gaps = worker_.ledger().gaps().value();
  worker_.reads().judge(of_source->second, gaps, broker_.expired(), outcome_.findings);
  singles_.judge_reads(content, worker_.ledger(), worker_.reads(), outcome_.findings);
}

/// Nothing hinders it any more: it must be ready, and at the end of every log.
void World::judge_status() {
  const WorkerStatus status = worker_.worker().status();
  if (!status.ready) found("not ready although nothing hinders it: " + status.reason);
  for (const PartitionStatus& partition : worker_.kafka().status().partitions) {
    const auto index = static_cast<std::size_t>(partition.partition);
    if (index >= broker_.logs().size()) continue;
    if (partition.next_offset != broker_.logs()[index].high())
      found(fmt::format("partition {} is {} at {} and its log ends at {}", partition.partition,
                        to_string(partition.state), partition.next_offset,
                        broker_.logs()[index].high()));
  }
}

}  // namespace meterbill::sim
