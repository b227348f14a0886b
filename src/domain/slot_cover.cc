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

  void add(const Cover& cover) {
    metered += cover.metered_us;
    estimated += cover.estimated_us;
    off += cover.off_us;
  }
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

/// Epochs of one boot, each overlapping one before it, in the order of their beginnings.
class Together {
 public:
  [[nodiscard]] bool takes(const BootId& boot, const Cover& cover) const {
    return boot == boot_ && cover.from_us < to_us_;
  }
  void begin(const BootId& boot, const Cover& cover) {
    *this = Together();
    boot_ = boot;
    from_us_ = cover.from_us;
    add(cover);
  }
  void add(const Cover& cover) {
    to_us_ = std::max(to_us_, cover.to_us);
    const Int128 awake = Int128{cover.metered_us} + cover.estimated_us;
    const Int128 asleep = std::max<Int128>(Int128{cover.to_us} - cover.from_us - awake, 0);
    const Int128 suspended = std::min<Int128>(cover.off_us, asleep);
    suspended_ += suspended;
    off_before_ = std::max(off_before_, cover.off_us - suspended);
    sum_.add(cover);
    ++epochs_;
  }
  [[nodiscard]] Sum sum() const {
    if (epochs_ < 2) return sum_;
    Int128 left = Int128{to_us_} - from_us_;
    Sum sum;
    sum.metered = take(left, sum_.metered);
    sum.estimated = take(left, sum_.estimated);
    sum.off = take(left, suspended_) + off_before_;
    return sum;
  }

 private:
  BootId boot_;
  std::int64_t from_us_ = 0;
  std::int64_t to_us_ = 0;
  Int128 suspended_ = 0;
  Int128 off_before_ = 0;  // before the boot: outside of its clock, and each agent tells all of it
  int epochs_ = 0;
  Sum sum_;
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
  Together together;
  for (const auto& [boot, cover] : sorted) {
    if (cover.from_us >= cover.to_us) {  // of no time of the clock: overlaps nothing
      all.add(cover);
    } else if (together.takes(boot, cover)) {
      together.add(cover);
    } else {
      all.add(together.sum());
      together.begin(boot, cover);
    }
  }
  all.add(together.sum());
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
