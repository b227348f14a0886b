#include "config/live_settings.h"

namespace meterbill {

Result<Reloaded> LiveSettings::reload(const Take& take) {
  const std::scoped_lock lock(mutex_);
  MB_TRY(Settings next, load_settings(table_, request_));
  MB_TRY(std::vector<std::string> besides, take(next));
  Reloaded reloaded{.taken = compare(table_, taken_, next).reloaded,
                    .needs_restart = compare(table_, started_, next).needs_restart};
  reloaded.taken.insert(reloaded.taken.end(), besides.begin(), besides.end());
  taken_ = std::move(next);
  return reloaded;
}

}  // namespace meterbill
