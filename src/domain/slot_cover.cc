#include "domain/slot_cover.h"

#include <algorithm>
#include <tuple>

#include "base/checked.h"

namespace meterbill {
namespace {

struct Sum {
  Int128 metered = 0;
  Int128 estimated = 0;
  Int128 off = 0;

  void add(const Sum& sum) {
    metered += sum.metered;
    estimated += sum.estimated;
    off += sum.off;
  }
};

/// Takes at most `seen` from what is left.
Int128 take(Int128& left, Int128 seen) {
  const Int128 taken = std::min(seen, left);
  left -= taken;
  return taken;
}

/// The part of its boot clock that an epoch neither metered nor estimated, as far as it says that
/// the host slept.
Int128 suspended_us(const Cover& cover) {
  const Int128 awake = Int128{cover.metered_us} + cover.estimated_us;
  const Int128 asleep = std::max<Int128>(Int128{cover.to_us} - cover.from_us - awake, 0);
  return std::min<Int128>(cover.off_us, asleep);
}

/// Epochs of one boot, each overlapping one before it, in the order of their beginnings.
class Together {
 public:
  [[nodiscard]] bool takes(const Cover& cover) const { return cover.from_us < to_us_; }
  void begin(const Cover& cover) {
    *this = Together();
    from_us_ = cover.from_us;
    add(cover);
  }
  void add(const Cover& cover) {
    to_us_ = std::max(to_us_, cover.to_us);
    longest_sleep_ = std::max(longest_sleep_, suspended_us(cover));
    sum_.metered += cover.metered_us;
    sum_.estimated += cover.estimated_us;
    sum_.off += suspended_us(cover);
    ++epochs_;
  }
  /// It is the host that sleeps, not the agent: none was awake longer than the host, which slept at
  /// least as long as any of them says.
  [[nodiscard]] Sum sum() const {
    if (epochs_ < 2) return sum_;
    const Int128 all = Int128{to_us_} - from_us_;
    Int128 awake = all - longest_sleep_;
    Sum sum;
    sum.metered = take(awake, sum_.metered);
    sum.estimated = take(awake, sum_.estimated);
    sum.off = std::min(sum_.off, all - sum.metered - sum.estimated);
    return sum;
  }

 private:
  std::int64_t from_us_ = 0;
  std::int64_t to_us_ = 0;
  Int128 longest_sleep_ = 0;
  int epochs_ = 0;
  Sum sum_;
};

/// All epochs of one boot, in the order of their beginnings.
class OfBoot {
 public:
  void add(const Cover& cover) {
    off_before_ = std::max(off_before_, cover.off_us - suspended_us(cover));
    if (cover.from_us >= cover.to_us)  // of no time of the clock: overlaps nothing
      return sum_.add({.metered = cover.metered_us, .estimated = cover.estimated_us});
    if (together_.takes(cover)) return together_.add(cover);
    sum_.add(together_.sum());
    together_.begin(cover);
  }
  [[nodiscard]] Sum sum() const {
    Sum sum = sum_;
    sum.add(together_.sum());
    sum.off += off_before_;
    return sum;
  }

 private:
  Together together_;
  Sum sum_;
  Int128 off_before_ = 0;  // before the boot: outside of its clock, and each agent tells all of it
};

}  // namespace

void SlotCover::add(const UsageRow& row, const BootOf& boot_of,
                    const std::function<bool(EpochKey)>& is_billed) {
  for (const auto& [key, epoch] : row.by_epoch)
    if (epoch.cover && is_billed(key)) covers_.emplace_back(boot_of(key), *epoch.cover);
}

Cover SlotCover::finish() const {
  auto sorted = covers_;
  std::ranges::sort(sorted, {}, [](const auto& entry) {
    return std::tie(entry.first, entry.second.from_us, entry.second.to_us);
  });
  Sum all;
  for (auto next = sorted.begin(); next != sorted.end();) {
    const BootId& boot = next->first;
    OfBoot of_boot;
    for (; next != sorted.end() && next->first == boot; ++next) of_boot.add(next->second);
    all.add(of_boot.sum());
  }
  Int128 left = Slot::kMicroseconds;
  Cover cover;
  cover.metered_us = static_cast<std::int64_t>(take(left, all.metered));
  cover.estimated_us = static_cast<std::int64_t>(take(left, all.estimated));
  cover.off_us = static_cast<std::int64_t>(take(left, all.off));
  return cover;
}

Cover slot_cover(const UsageRow& row, const BootOf& boot_of,
                 const std::function<bool(EpochKey)>& is_billed) {
  SlotCover cover;
  cover.add(row, boot_of, is_billed);
  return cover.finish();
}

}  // namespace meterbill
