#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/start_program.h"
#include "config/live_settings.h"
#include "ports/query_pool.h"
#include "ports/web_router.h"

namespace meterbill {

struct ServiceControlParts {
  const OptionTable& table;
  StartedProgram started;
  Log& log;
  std::function<void(LogLevel)> set_level;  ///< any thread
  LiveSettings::Take take;                  ///< on a thread where it may take its time
};

/// What operators may have a running service do besides its own work: read its configuration again,
/// and log more or less. Both services have it, through the control channel.
class ServiceControl {
 public:
  explicit ServiceControl(ServiceControlParts parts);

  /// `POST /api/v1/reload` and `POST /api/v1/log-level?level=`. Outlived by the object.
  [[nodiscard]] std::vector<WebRoute> routes();

  /// Reloads soon; how it went stands in the log. From any thread.
  void reload_soon();
  /// Any thread.
  [[nodiscard]] bool is_reloading() const { return is_reloading_; }

  /// What began is ended and answered; nothing begins any more.
  void stop() { thread_.stop(); }

 private:
  WebResponse reload();
  WebResponse set_level(const WebRequest& request);

  WebResponse reload_now();

  ServiceControlParts parts_;
  std::atomic<bool> is_reloading_ = false;
  LiveSettings live_;
  QueryPool thread_;  ///< one; the last member: ends before the others go
};

}  // namespace meterbill
