#pragma once

#include "ports/service_manager.h"

namespace meterbill {

/// Folders and configuration of a service with their rights: the system and administrators may do
/// all; services may read the configuration; a service alone may write its own folders. Whoever
/// made a folder of these names before does not keep it. What is in a configuration file stays.
[[nodiscard]] Result<void> prepare_service_files(const WindowsService& service,
                                                 const ServiceFiles& files);

}  // namespace meterbill
