#include "sim/sim_truth.h"

#include <algorithm>

#include "sim/sim_random.h"

namespace meterbill::sim {
namespace {

constexpr std::int64_t kQuarterUs = 15 * kMinute;
constexpr std::int64_t kClockStepUs = 30 * kSecond;
constexpr std::int64_t kGapTicks = 3;

std::int64_t wall_less_boot(const Instant& at) { return at.utc.us - at.boot_us; }

std::string quarter_name(std::int64_t quarter) { return to_string(UtcTime{quarter * kQuarterUs}); }

bool is_same(const std::optional<Checkpoint>& a, const std::optional<Checkpoint>& b) {
  if (!a || !b) return !a && !b;
  return a->boot == b->boot && a->at.boot_us == b->at.boot_us && a->cpu_busy_us == b->cpu_busy_us &&
         a->end == b->end;
}

}  // namespace

bool Truth::begins(const std::optional<Checkpoint>& checkpoint, const BootId& boot) {
  const bool is_known = is_same(checkpoint, durable_) || (maybe_ && is_same(checkpoint, maybe_));
  durable_ = checkpoint;
  maybe_.reset();
  settle();
  boot_ = boot.str();
  base_ = checkpoint ? point_of(*checkpoint) : std::nullopt;
  if (checkpoint && checkpoint->boot != boot) {
    base_ = Point{.boot = boot_};
    // How long a host went on without an agent that an operator had stopped, nobody knows.
    if (checkpoint->end != EndMark::kOperator) base_->off_since_us = checkpoint->at.utc.us;
  }
  was_metered_ = false;
  return is_known;
}

std::optional<Truth::Point> Truth::point_of(const Checkpoint& checkpoint) const {
  const auto found = read_.find({checkpoint.boot.str(), checkpoint.at.boot_us});
  if (found == read_.end()) return std::nullopt;
  return found->second;
}

void Truth::ticked(const Instant& at, const HostSample& sample, bool metered) {
  const bool steps = std::abs(wall_less_boot(at) - epoch_wall_us_) > kClockStepUs;
  const bool is_start = !was_metered_ || steps;
  was_metered_ = metered;
  if (!metered) return;
  if (is_start) epoch_wall_us_ = wall_less_boot(at);
  const Point point{.boot = boot_,
                    .at = at,
                    .busy_us = sample.cpu->busy_us,
                    .cores = sample.cpu->cores,
                    .used_kib = sample.memory->used_kib,
                    .total_kib = sample.memory->total_kib,
                    .is_start = is_start};
  read_[{boot_, at.boot_us}] = point;
  points_.push_back(point);
}

void Truth::saved(const Checkpoint& checkpoint) {
  durable_ = checkpoint;
  maybe_.reset();
}

void Truth::disk_replaced(std::optional<Checkpoint> checkpoint) {
  durable_ = std::move(checkpoint);
  maybe_.reset();
  for (const auto& [boot, known] : boots_) unknown_[boot] = true;
  if (!boot_.empty()) unknown_[boot_] = true;
  boots_.clear();
  points_.clear();
  base_.reset();
}

/// What was durable of the run that ended is true; what was not is the next run's to estimate.
void Truth::settle() {
  std::erase_if(points_, [&](const Point& point) {
    return !durable_ || durable_->boot.str() != point.boot ||
           point.at.boot_us > durable_->at.boot_us;
  });
  std::optional<Point> from = base_;
  bool is_first = true;
  for (const Point& point : points_) {
    if (point.is_start) earliest_ = 0;
    if (from) {
      if (from->off_since_us) book_off(*from->off_since_us, point);
      const bool is_gap = point.at.boot_us - from->at.boot_us > kGapTicks * interval_us_;
      book(*from, point, is_first || point.is_start || is_gap, !is_first);
    }
    earliest_ = std::max(earliest_, point.at.utc.us / kQuarterUs);
    from = point;
    is_first = false;
  }
  points_.clear();
  base_.reset();
  for (const auto& [boot, unknown] : unknown_) boots_.erase(boot);
}

void Truth::book(const Point& from, const Point& to, bool estimated, bool is_sampled) {
  if (to.at.boot_us <= from.at.boot_us) return;
  BootTruth& boot = boots_[to.boot];
  const std::int64_t ran = to.at.monotonic_us - from.at.monotonic_us;
  const std::int64_t cpu = to.busy_us - from.busy_us;
  const std::int64_t sampled = is_sampled ? std::min(ran, kGapTicks * interval_us_) : 0;
  boot.sum.cpu_us += cpu;
  boot.sum.uptime_us += ran;
  (estimated ? boot.sum.estimated_us : boot.sum.metered_us) += ran;
  boot.sum.off_us += to.at.boot_us - from.at.boot_us - ran;
  boot.sum.capacity_us += ran * to.cores;
  boot.sum.memory_kib_us += static_cast<Int128>(from.used_kib) * sampled;
  boot.sum.memory_capacity_kib_us += static_cast<Int128>(to.total_kib) * ran;
  share(from, to, estimated, sampled);
}

/// Nothing is used meanwhile, and the clock before the boot is the wall clock.
void Truth::book_off(std::int64_t from_us, const Point& first) {
  const std::int64_t until_us = wall_less_boot(first.at);
  BootTruth& boot = boots_[first.boot];
  for (std::int64_t quarter = from_us / kQuarterUs; quarter * kQuarterUs < until_us; ++quarter) {
    const std::int64_t part =
        std::min(until_us, (quarter + 1) * kQuarterUs) - std::max(from_us, quarter * kQuarterUs);
    if (part <= 0) continue;
    slot_of(first.boot, quarter).off_us += part;
    boot.sum.off_us += part;
  }
}

SlotTruth& Truth::slot_of(const std::string& boot, std::int64_t quarter) {
  const std::string name = quarter_name(std::max(quarter, earliest_));
  SlotTruth& slot = boots_[boot].slots[name];
  const std::string place = boot + " " + name;
  if (std::exchange(booked_, place) != place) ++slot.visits;
  return slot;
}

/// By time, on the wall clock that held at the stretch's end. Memory is what was seen at the
/// stretch's beginning, for the first `sampled` µs that the host ran.
void Truth::share(const Point& from, const Point& to, bool estimated, std::int64_t sampled) {
  const std::int64_t length = to.at.boot_us - from.at.boot_us;
  const std::int64_t ran = to.at.monotonic_us - from.at.monotonic_us;
  const std::int64_t cpu = to.busy_us - from.busy_us;
  const std::int64_t begin = to.at.utc.us - length;
  std::int64_t parts = 0;
  for (std::int64_t quarter = begin / kQuarterUs; quarter * kQuarterUs < to.at.utc.us; ++quarter) {
    ++parts;
    const std::int64_t part_from = std::max(begin, quarter * kQuarterUs) - begin;
    const std::int64_t part_to = std::min(to.at.utc.us, (quarter + 1) * kQuarterUs) - begin;
    const std::int64_t part = part_to - part_from;
    SlotTruth& slot = slot_of(to.boot, quarter);
    const auto up_to = [&](std::int64_t whole, std::int64_t at) {
      return static_cast<std::int64_t>(static_cast<Int128>(whole) * at / length);
    };
    const std::int64_t ran_before = up_to(ran, part_from);
    const std::int64_t ran_there = up_to(ran, part_to) - ran_before;
    slot.cpu_us += up_to(cpu, part);
    slot.uptime_us += ran_there;
    (estimated ? slot.estimated_us : slot.metered_us) += ran_there;
    slot.off_us += part - ran_there;
    slot.capacity_us += ran_there * to.cores;
    slot.memory_kib_us += static_cast<Int128>(from.used_kib) *
                          std::clamp<std::int64_t>(sampled - ran_before, 0, ran_there);
    slot.memory_capacity_kib_us += static_cast<Int128>(to.total_kib) * ran_there;
    if (part == length) continue;
    ++slot.cuts;
    slot.cut_cores += to.cores;
    slot.cut_kib += to.total_kib;
    // Where the sampled time ends, all that was rounded before it is missing or left over.
    const std::int64_t sampled_there = sampled - ran_before;
    if (sampled_there > -parts && sampled_there < ran_there + parts)
      slot.cut_kib += static_cast<Int128>(from.used_kib) * parts;
  }
}

}  // namespace meterbill::sim
