#include "domain/gap.h"

#include <fmt/format.h>

namespace meterbill {

bool Gap::may_touch(SlotRange period) const {
  return detected >= period.begin.start() && (!after || *after < period.end.start());
}

std::string to_string(const Gap& gap) {
  if (gap.from == gap.to)
    return fmt::format("record {} of partition {} expired unread", gap.from, gap.partition);
  return fmt::format("records {} to {} of partition {} expired unread", gap.from, gap.to,
                     gap.partition);
}

}  // namespace meterbill
