#include "agent/agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kIdleUs = 60 * kSecond;  // a tick wakes the sender long before
constexpr std::size_t kAsideShown = 10;
// What a loop may take for its work before it counts as stuck. A disk may be slow to sync; a round
// of sending waits for the network, but each message only for the sink's own timeout.
constexpr std::int64_t kTickWorkUs = 30 * kSecond;
constexpr std::int64_t kSendWorkUs = 600 * kSecond;
constexpr std::int64_t kLateUs = 10 * kSecond;  // a rest may end so much later on a busy machine

std::string why_not_metering(TickState state) {
  switch (state) {
    case TickState::kMetered:
      return "";
    case TickState::kClockUnset:
      return "the clock is before this program was built; set it, or start time synchronisation";
    case TickState::kNoCounters:
      return "the CPU counters cannot be read; the service must see /proc/stat";
    case TickState::kTooManyStarts:
      return "too many starts in this quarter hour; nothing is saved until the next one, the use "
             "until then is booked as estimated";
  }
  return "";
}

Error with_remedy(Error error) {
  error.message += error.code == Code::kDiskFull
                       ? ": free space on the disk of agent.state_dir, or raise "
                         "agent.spool_max_bytes if it is the spool that is full"
                       : ": agent.state_dir must be writable and its disk sound";
  return error;
}

}  // namespace

Agent::Agent(AgentOptions options, AgentParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      spool_(&parts_.spool),
      started_boot_us_(parts_.clock.now().boot_us),
      run_(random_epoch()),
      sender_(run_, {.spool = spool_,
                     .sink = parts_.sink,
                     .clock = parts_.clock,
                     .events = parts_.events,
                     .encode = parts_.encode,
                     .random = parts_.random}),
      interval_us_(options_.interval_us),
      waited_us_(options_.interval_us) {}

EpochId Agent::random_epoch() {
  const std::uint64_t high = parts_.random();
  return EpochId(fmt::format("{:016x}{:016x}", high, parts_.random()));
}

Result<void> Agent::open() {
  MB_TRY(BootId boot, parts_.meters.boot());
  if (!options_.damaged_spool.empty())
    note_damaged(fail(Code::kDamaged, "the spool could not be read"), options_.damaged_spool);
  auto past = spool_.with([](Spool* spool) { return spool->load(); });
  if (!past && past.error().code == Code::kDamaged) {
    begin_anew(past.error());
    past = spool_.with([](Spool* spool) { return spool->load(); });
  }
  MB_TRY(Past known, in("load spool", std::move(past)));
  // Folding that an earlier run told of is not told again.
  MB_TRY(const SpoolCounts counts,
         in("load spool", spool_.with([](Spool* spool) { return spool->counts(); })));
  told_folding_ = counts.folded && counts.folded->going_on_since;
  shown_.with([&](Shown& shown) { shown.status.began_to_wait = counts.oldest; });
  metering_.emplace(MeteringOptions{.interval_us = options_.interval_us,
                                    .built = options_.built,
                                    .labels = options_.labels,
                                    .machine = options_.machine},
                    std::move(boot), std::move(known), [this, first = true]() mutable {
                      return std::exchange(first, false) ? run_ : random_epoch();
                    });
  return ok();
}

void Agent::run(const std::stop_token& stop) {
  {
    std::jthread sending([this](const std::stop_token& stop_sending) { send_until(stop_sending); });
    while (!stop.stop_requested()) {
      ticking_.promise(parts_.clock.now().monotonic_us, kTickWorkUs);
      tick_once();
      wait_for_next_tick(stop);
    }
    ticking_.promise(parts_.clock.now().monotonic_us, kTickWorkUs);
    finish(parts_.how_it_ends());
  }
  ticking_.end();
  // The sending thread is gone. A sink that is away keeps nobody from stopping.
  if (!sender_.state().outage) static_cast<void>(send_once());
}

void Agent::send_until(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    sending_.promise(parts_.clock.now().monotonic_us, kSendWorkUs);
    const std::int64_t wait = send_once();
    sending_.promise(parts_.clock.now().monotonic_us, wait + kLateUs);
    parts_.send_waiter.wait(stop, wait);
  }
  sending_.end();
}

void Agent::wait_for_next_tick(const std::stop_token& stop) {
  // From here on: the tick before is judged by the time that was waited for it.
  std::int64_t interval_us = interval_us_;
  waited_us_ = interval_us;
  metering_->set_interval(interval_us);
  UtcTime target = next_tick(parts_.clock.now().utc, interval_us);
  while (!stop.stop_requested()) {
    const Instant now = parts_.clock.now();
    // A shorter one holds at once; the tick that it leads to is still judged by the longer one.
    if (interval_us_ < interval_us) {
      interval_us = interval_us_;
      target = next_tick(now.utc, interval_us);
    }
    // Further away than an interval: the clock was set back, and the tick is due by any other.
    const std::int64_t left = target.us - now.utc.us;
    if (left <= 0 || left > interval_us) return;
    ticking_.promise(now.monotonic_us, left + kLateUs);
    parts_.tick_waiter.wait(stop, left);
  }
}

void Agent::tick(std::optional<EndMark> end) {
  MB_ASSERT(metering_.has_value());
  const Instant now = parts_.clock.now();
  const HostSample sample = parts_.meters.read();
  const TickResult result = metering_->tick(now, sample);
  tell(result, sample);
  save(end);
  if (!save_failed_) keep_house(now.utc);
  show(result, sample, now);
  // What cannot be counted is shown as it was; the tick's own save tells what is wrong.
  if (const auto counts = refresh_spool_status()) tell_folding(counts.value().folded);
  parts_.send_waiter.wake();
}

void Agent::save(std::optional<EndMark> end) {
  if (spool_damaged_.exchange(false))
    begin_anew(fail(Code::kDamaged, "rows of the spool cannot be read"));
  auto record = metering_->record(end);
  if (!record) return;
  const auto store = [&] {
    return spool_.with([&](Spool* spool) { return spool->save(*record); });
  };
  auto saved = store();
  if (!saved && saved.error().code == Code::kDamaged) {
    begin_anew(saved.error());
    record = metering_->record(end);
    saved = store();
  }
  if (saved) {
    metering_->saved();
    if (std::exchange(save_failed_, false)) parts_.events.save_recovered();
  } else if (!std::exchange(save_failed_, true)) {
    parts_.events.save_failed(with_remedy(saved.error()));
  }
  const std::string message = saved ? "" : with_remedy(saved.error()).message;
  shown_.with([&](Shown& shown) { shown.status.save_error = message; });
}

void Agent::begin_anew(const Error& error) {
  const UtcTime now = parts_.clock.now().utc;
  const auto kept = spool_.with([&](Spool* spool) { return spool->begin_anew(now); });
  if (!kept) {
    // Still damaged: the next save says so again, and this is tried again.
    parts_.events.spool_failed(kept.error());
    return;
  }
  if (metering_) metering_->store_lost();
  note_damaged(error, kept.value());
}

void Agent::note_damaged(const Error& error, const std::string& kept_as) {
  parts_.events.spool_damaged(error, kept_as);
  shown_.with([&](Shown& shown) { shown.status.damaged_spool = kept_as; });
}

void Agent::keep_house(UtcTime now) {
  const Slot slot = Slot::containing(now);
  if (kept_house_ == slot) return;
  kept_house_ = slot;
  const auto repeated = spool_.with([&](Spool* spool) { return spool->repeat_old(now); });
  if (!repeated) parts_.events.spool_failed(repeated.error());
}

void Agent::tell(const TickResult& result, const HostSample& sample) {
  if (result.began)
    parts_.events.epoch_began(*metering_->epoch(), *result.began, result.bridged_us);
  if (result.state != std::exchange(told_state_, result.state))
    parts_.events.metering_changed(result.state);
  if (result.state == TickState::kMetered)
    parts_.events.ticked(metering_->cpu_percent(), metering_->memory_percent());
  const std::string fault = sample.faults.empty() ? "" : sample.faults.front().message;
  if (fault == std::exchange(told_fault_, fault)) return;
  if (fault.empty()) {
    parts_.events.meters_recovered();
  } else {
    parts_.events.meter_failed(sample.faults.front());
  }
}

void Agent::show(const TickResult& result, const HostSample& sample, const Instant& now) {
  shown_.with([&](Shown& shown) {
    AgentStatus& status = shown.status;
    status.tick_state = result.state;
    status.last_tick = now.utc;
    shown.last_tick = now;
    status.epoch.reset();
    if (const Epoch* const epoch = metering_->epoch()) status.epoch = *epoch;
    status.newest = {.cpu = metering_->cpu_percent(), .memory = metering_->memory_percent()};
    status.faults.clear();
    for (const Error& fault : sample.faults) status.faults.push_back(fault.message);
    status.steps_back = metering_->steps_back() + sample.steps_back;
  });
}

Result<SpoolCounts> Agent::refresh_spool_status() {
  MB_TRY(const SpoolCounts counts, spool_.with([](Spool* spool) { return spool->counts(); }));
  auto aside = counts.aside == 0
                   ? Result<std::vector<AsideRow>>(std::vector<AsideRow>())
                   : spool_.with([](Spool* spool) { return spool->aside(kAsideShown); });
  const UtcTime now = parts_.clock.now().utc;
  shown_.with([&](Shown& shown) {
    shown.status.spool = counts;
    if (counts.waiting == 0) {
      shown.status.began_to_wait.reset();
    } else if (!shown.status.began_to_wait) {
      shown.status.began_to_wait = now;
    }
    if (aside) shown.status.aside = std::move(aside).value();
  });
  return counts;
}

void Agent::tell_folding(const std::optional<Folded>& folded) {
  const bool is_folding = folded && folded->going_on_since;
  if (is_folding == std::exchange(told_folding_, is_folding) || !folded) return;
  if (is_folding) {
    parts_.events.folding_began(*folded);
  } else {
    parts_.events.folding_ended(*folded);
  }
}

std::int64_t Agent::send_once() {
  const Instant now = parts_.clock.now();
  if (paused_) return kIdleUs;
  // What is sent carries the time: not before it can be right.
  if (now.utc < options_.built) return 10 * kSecond;
  const std::int64_t asked = sends_asked_;
  const bool at_once = asked != sends_answered_;
  if (!at_once && now.boot_us < not_before_boot_us_) return not_before_boot_us_ - now.boot_us;
  const Percentages newest = shown_.with([](const Shown& shown) { return shown.status.newest; });
  const Round round = sender_.round(newest);
  shown_.with([&](Shown& shown) { shown.status.sending = sender_.state(); });
  const auto& error = sender_.state().spool_error;
  if (error && error->code == Code::kDamaged) spool_damaged_ = true;  // the next tick begins anew
  if (round != Round::kIdle) static_cast<void>(refresh_spool_status());
  std::int64_t wait = round == Round::kIdle ? kIdleUs : 0;
  std::optional<UtcTime> next_try;
  if (round == Round::kBlocked) {
    wait = sender_.backoff_us();
    const Instant then = parts_.clock.now();
    not_before_boot_us_ = then.boot_us + wait;
    next_try = UtcTime{then.utc.us + wait};
  } else {
    not_before_boot_us_ = 0;
  }
  // Last of all: whoever waits for the answer reads the rest then.
  if (round != Round::kProgress) sends_answered_ = asked;
  shown_.with([&](Shown& shown) {
    shown.status.next_try = next_try;
    shown.status.sends_answered = sends_answered_;
  });
  return wait;
}

void Agent::set_interval(std::int64_t interval_us) {
  interval_us_ = interval_us;
  parts_.tick_waiter.wake();
}

void Agent::pause() {
  if (!paused_.exchange(true)) parts_.events.sending_paused(true);
}

void Agent::resume() {
  if (paused_.exchange(false)) parts_.events.sending_paused(false);
  parts_.send_waiter.wake();
}

std::int64_t Agent::send_now() {
  const std::int64_t number = ++sends_asked_;
  parts_.send_waiter.wake();
  return number;
}

Result<std::int64_t> Agent::send_again() {
  MB_TRY(const std::int64_t rows, spool_.with([](Spool* spool) { return spool->offer_again(); }));
  static_cast<void>(send_now());
  return rows;
}

AgentStatus Agent::status() const {
  auto [status, last_tick] = shown_.with([](const Shown& shown) { return shown; });
  const Instant now = parts_.clock.now();
  status.version = options_.version;
  status.machine = options_.machine;
  status.interval_us = interval_us_;
  status.now = now.utc;
  // By today's clock: the one at the start may have been wrong.
  status.started = UtcTime{now.utc.us - (now.boot_us - started_boot_us_)};
  status.sink = parts_.sink.name();
  if (paused_) status.next_try.reset();
  status.paused = paused_;
  const std::int64_t silent_us = now.boot_us - last_tick.boot_us;
  const bool ticks = !ticking_.is_late(now.monotonic_us);
  status.is_alive = ticks && !sending_.is_late(now.monotonic_us);
  if (!status.last_tick) {
    status.reason = "no tick yet";
  } else if (!status.is_alive) {
    status.reason = fmt::format("the {} loop is stuck; the service manager restarts the agent",
                                ticks ? "sending" : "metering");
  } else if (silent_us > Metering::kGapTicks * waited_us_ + 5 * kSecond) {
    status.reason = fmt::format("no tick for {} s", silent_us / kSecond);
  } else if (status.tick_state != TickState::kMetered) {
    status.reason = why_not_metering(status.tick_state);
    status.waits_outside = status.tick_state != TickState::kNoCounters && status.save_error.empty();
  } else if (!status.save_error.empty()) {
    status.reason = status.save_error + "; metering goes on in memory";
  }
  status.ready = status.reason.empty();
  return status;
}

}  // namespace meterbill
