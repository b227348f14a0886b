#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "config/load.h"

namespace meterbill {

/// What became of a new configuration that was good.
struct Reloaded {
  std::vector<std::string> taken;          ///< keys, and what the program read besides them
  std::vector<std::string> needs_restart;  ///< keys that differ from what the program started with
};

/// The settings of a running service, read again when an operator asks: read whole, checked whole,
/// and only then taken, so that a mistake changes nothing. Any thread; one reload at a time.
class LiveSettings {
 public:
  /// Has the program work with the new settings; names what it read besides them (the price file),
  /// if that changed. Only the reloadable ones differ from what it works with. A failure: nothing
  /// was taken.
  using Take = std::function<Result<std::vector<std::string>>(const Settings& next)>;

  /// `settings` are those the program started with, as `request` gave them. `table` outlives the
  /// object.
  LiveSettings(const OptionTable& table, LoadRequest request, const Settings& settings)
      : table_(table), request_(std::move(request)), started_(settings), taken_(settings) {}

  /// As load_settings; with the failures of `take`.
  [[nodiscard]] Result<Reloaded> reload(const Take& take);

 private:
  const OptionTable& table_;
  const LoadRequest request_;
  const Settings started_;  ///< the keys that need a restart are still as they are here
  std::mutex mutex_;
  Settings taken_;  ///< guarded by mutex_; the others are as they are here
};

}  // namespace meterbill
