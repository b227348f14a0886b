#pragma once

#include <memory>

#include "ports/service_manager.h"

namespace meterbill {

/// Windows'; none on Linux, where systemd has commands of its own.
[[nodiscard]] std::unique_ptr<ServiceManager> make_service_manager();

}  // namespace meterbill
