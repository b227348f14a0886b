#include "sim/sim_agent.h"

#include <utility>

#include "base/assert.h"

namespace meterbill::sim {
Result<Past> WatchedSpool::load() {
  auto past = spool_->load();
  if (past && !truth_.begins(past.value().checkpoint, boot_)) is_honest = false;
  return past;
}

Result<void> WatchedSpool::save(const TickRecord& tick) {
  auto saved = spool_->save(tick);
  if (saved)
    truth_.saved(tick.checkpoint);
  else if (disk_.is_dead())
    truth_.maybe_saved(tick.checkpoint);
  return saved;
}

AgentProcess::AgentProcess(std::string folder, Host& host, Sink& sink, Truth& truth,
                           Witness& witness, Random& random)
    : disk_(std::move(folder)),
      host_(host),
      sink_(sink),
      truth_(truth),
      witness_(witness),
      random_(random) {}

bool AgentProcess::start() {
  MB_ASSERT(!is_running());
  auto opened = SqliteSpool::open(disk_.folder() + "spool.db", {}, host_.now().utc);
  if (!opened) {
    if (!disk_.has_struck()) failed("open spool: " + opened.error().message);
    disk_.after_kill();
    return false;
  }
  if (!opened.value().damaged.empty()) failed("the spool was damaged by a crash");
  spool_ = std::make_unique<WatchedSpool>(std::move(opened.value().spool), truth_, disk_,
                                          host_.boot_id());
  agent_ = std::make_unique<Agent>(
      AgentOptions{.machine = machine, .labels = labels, .interval_us = interval_us, .built = {}},
      AgentParts{.meters = host_,
                 .clock = host_,
                 .spool = *spool_,
                 .sink = sink_,
                 .events = events_,
                 .tick_waiter = waiter_,
                 .send_waiter = waiter_,
                 .encode =
                     [this](const MessageFrame& frame, std::span<const Reading> readings,
                            std::int64_t seq) {
                       auto messages = encode(frame, readings, seq);
                       for (const EncodedMessage& encoded : messages)
                         witness_.encoded(encoded.message.value, frame,
                                          readings.subspan(encoded.first, encoded.count));
                       return messages;
                     },
                 .random = [this] { return random_.next(); },
                 .how_it_ends = [] { return EndMark::kOperator; }});
  const auto ready = agent_->open();
  if (!spool_->is_honest) failed("an acknowledged checkpoint is gone, or one never saved is there");
  if (ready) return true;
  if (!disk_.has_struck()) failed("open agent: " + ready.error().message);
  kill();
  return false;
}

void AgentProcess::tick() {
  // The host's counters do not move within a tick.
  agent_->tick_once();
  note_tick();
}

void AgentProcess::note_tick() {
  const bool metered = agent_->status().tick_state == TickState::kMetered;
  truth_.ticked(host_.now(), host_.read(), metered);
  // A host that dies takes no more than one tick along.
  const auto& durable = truth_.durable();
  const bool is_saved =
      durable && durable->boot == host_.boot_id() && durable->at.boot_us == host_.now().boot_us;
  if (metered && !is_saved && !disk_.has_struck()) failed("a tick was metered and not saved");
}

void AgentProcess::send(int rounds_max) {
  while (rounds_max-- > 0 && agent_->send_once() == 0) {
  }
}

void AgentProcess::stop(EndMark end) {
  agent_->finish(end);
  note_tick();
  send(100);
  end_process();
  disk_.after_kill();
}

void AgentProcess::end_process() {
  agent_.reset();
  spool_.reset();
}

void AgentProcess::kill() {
  // Closing the file must not write what a dead program could not.
  disk_.arm(DiskFault::kCrash, 1);
  end_process();
  disk_.after_kill();
}

void AgentProcess::cut_power() {
  disk_.arm(DiskFault::kCrash, 1);
  end_process();
  disk_.after_power_cut([this] { return random_.chance(50); });
}

}  // namespace meterbill::sim
