#include "cli/load_run.h"

#include <algorithm>
#include <utility>

namespace meterbill {
namespace {

// Of one call of the sink: what librdkafka's queue surely takes, and few enough for a Ctrl-C to be
// heard soon.
constexpr std::size_t kBatchMessages = 2'000;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::int64_t kPauseUs = 1'000'000;  // after a batch of which nothing was taken
constexpr std::int64_t kGraceUs = 30'000'000;

/// Messages of whole machines, on their way together.
struct LoadBatch {
  std::vector<OutgoingMessage> messages;
  std::vector<std::pair<std::int64_t, std::size_t>> ends;  ///< machine, end of its messages
  std::size_t bytes = 0;
  [[nodiscard]] bool is_full() const {
    return messages.size() >= kBatchMessages || bytes >= kBatchBytes;
  }
};

class LoadRun {
 public:
  LoadRun(const LoadPlan& plan, LoadFleet& fleet, const LoadParts& parts)
      : plan_(plan), fleet_(fleet), parts_(parts), boot_us_(parts.clock.now().boot_us) {}

  LoadResult run() {
    const std::int64_t start_us = fleet_.start().us;
    const std::int64_t end_us = start_us + plan_.duration_us;
    std::int64_t due_us = start_us;  // the newest tick that is over
    while (!result_.interrupted) {
      // A tick that is over while the one before was sent is left out.
      const std::int64_t late = std::max<std::int64_t>(0, now_us() - due_us) / plan_.interval_us;
      result_.wanted += late * fleet_.size();
      due_us += late * plan_.interval_us;
      due_us += plan_.interval_us - due_us % plan_.interval_us;
      if (due_us >= end_us || wait_until(due_us)) break;
      result_.wanted += fleet_.size();
      round({due_us}, false);
      parts_.progress(result_, now_us() - start_us);
    }
    if (!result_.interrupted) wait_until(end_us);
    finish();
    result_.failed = result_.sent - result_.acknowledged;
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::int64_t now_us() const {
    return fleet_.start().us + parts_.clock.now().boot_us - boot_us_;
  }

  /// True when the user has asked to stop.
  bool wait_until(std::int64_t until_us) {
    for (std::int64_t left_us = until_us - now_us(); left_us > 0 && !result_.interrupted;
         left_us = until_us - now_us())
      result_.interrupted = parts_.wait(std::chrono::milliseconds((left_us + 999) / 1'000));
    return result_.interrupted;
  }

  /// The last reading of each machine. Each is tried again until it is acknowledged.
  void finish() {
    const UtcTime end{now_us()};
    result_.wanted += fleet_.size();
    was_asked_ = std::exchange(result_.interrupted, false);
    for (;;) {
      const bool is_heard = round(end, true);
      result_.unconfirmed = 0;
      for (std::int64_t index = 0; index < fleet_.size(); ++index)
        result_.unconfirmed += fleet_.is_confirmed(index, end) ? 0 : 1;
      const std::int64_t passed_us = now_us() - end.us;
      if (result_.unconfirmed == 0 || result_.interrupted || passed_us > kGraceUs) break;
      if (!is_heard && wait_until(now_us() + kPauseUs)) break;
    }
    result_.interrupted = result_.interrupted || was_asked_;
    result_.ended_us = now_us() - fleet_.start().us;
  }

  /// What each machine that is not confirmed has to say of that time. False: the sink took nothing
  /// of a batch, or the user asked to stop; the rest was not tried.
  bool round(UtcTime tick, bool is_last) {
    LoadBatch batch;
    for (std::int64_t index = 0; index < fleet_.size(); ++index) {
      if (fleet_.is_confirmed(index, tick)) continue;
      const std::size_t before = batch.messages.size();
      fleet_.append_messages(index, tick, is_last, batch.messages);
      for (std::size_t i = before; i < batch.messages.size(); ++i)
        batch.bytes += batch.messages[i].value.size();
      batch.ends.emplace_back(index, batch.messages.size());
      if (batch.is_full() && !send(std::exchange(batch, {}), tick)) return false;
    }
    return batch.messages.empty() || send(batch, tick);
  }

  bool send(const LoadBatch& batch, UtcTime tick) {
    const std::vector<SendReport> reports = parts_.sink.send(batch.messages);
    const std::int64_t delay_us = now_us() - tick.us;
    const std::int64_t before = result_.acknowledged;
    std::size_t first = 0;
    for (const auto& [machine, end] : batch.ends) {
      bool all = true;
      for (; first < end; ++first) all = take(reports[first]) && all;
      if (all) fleet_.confirm(machine, tick);
    }
    const std::int64_t taken = result_.acknowledged - before;
    result_.delays.add(delay_us, taken);
    if (!result_.interrupted) result_.interrupted = parts_.wait(std::chrono::milliseconds(0));
    return taken > 0 && !result_.interrupted;
  }

  /// True when it is acknowledged.
  bool take(const SendReport& report) {
    ++result_.sent;
    result_.quarantined += report.quarantined;
    if (report.fate == Fate::kDelivered) {
      ++result_.acknowledged;
      return true;
    }
    result_.failure = report.detail;
    return false;
  }

  LoadPlan plan_;
  LoadFleet& fleet_;
  const LoadParts& parts_;
  std::int64_t boot_us_;
  LoadResult result_;
  bool was_asked_ = false;  // to end before its time
};

}  // namespace

void DelayCounts::add(std::int64_t us, std::int64_t times) {
  const std::int64_t ms = std::clamp<std::int64_t>(us / 1'000, 0, kMsMax);
  by_ms_[static_cast<std::size_t>(ms)] += times;
  all_ += times;
}

std::int64_t DelayCounts::percentile_ms(std::int64_t percent) const {
  const std::int64_t wanted = (all_ * percent + 99) / 100;
  std::int64_t seen = 0;
  for (std::size_t ms = 0; ms < by_ms_.size() && all_ > 0; ++ms) {
    seen += by_ms_[ms];
    if (seen >= wanted) return static_cast<std::int64_t>(ms);
  }
  return 0;
}

LoadResult run_load(const LoadPlan& plan, LoadFleet& fleet, const LoadParts& parts) {
  return LoadRun(plan, fleet, parts).run();
}

}  // namespace meterbill
