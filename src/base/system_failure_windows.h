#pragma once

#include <windows.h>

#include <string>

#include "base/system_failure.h"

namespace meterbill {

/// What Windows just refused, as system_failure has it. Call it before anything else can fail.
[[nodiscard]] inline Error windows_failure(const std::string& what, DWORD error = GetLastError()) {
  return system_failure(what, static_cast<int>(error));
}

}  // namespace meterbill
