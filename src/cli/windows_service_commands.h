#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cli/backup_command.h"
#include "cli/command.h"
#include "ports/service_manager.h"

namespace meterbill {

/// What `meterbill service …` works with. Windows only: without a manager there are no commands.
struct ServiceCommandParts {
  std::shared_ptr<ServiceManager> manager;
  /// Where the files of `agent` or `worker` are, and what a new configuration says.
  std::function<ServiceFiles(const WindowsService& service)> files;
  WaitForInterrupt wait;
};

/// `meterbill service status|start|stop|configure|install|remove`.
[[nodiscard]] std::vector<Command> windows_service_commands(const ServiceCommandParts& parts);

}  // namespace meterbill
