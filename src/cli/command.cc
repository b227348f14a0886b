#include "cli/command.h"

#include <algorithm>
#include <ostream>

#include "base/assert.h"
#include "base/printable.h"

namespace meterbill {

int exit_code(Code code) {
  switch (code) {
    case Code::kUsage:
      return kExitUsage;
    case Code::kConfig:
      return kExitConfig;
    case Code::kNotFound:
      return kExitNoInput;
    case Code::kUnavailable:
    case Code::kRefused:
      return kExitUnavailable;
    case Code::kConflict:
      return kExitTemporary;
    case Code::kPermission:
      return kExitPermission;
    case Code::kDiskFull:
    case Code::kIo:
      return kExitIo;
    case Code::kInvalid:
    case Code::kOverflow:
    case Code::kDamaged:
    case Code::kTooNew:
      return kExitData;
  }
  MB_ASSERT(false);
}

int report(const Error& error, const Terminal& terminal, std::string_view program) {
  std::string_view rest = error.message;
  do {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    terminal.err << program << ": " << printable(rest.substr(0, end)) << '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
  return exit_code(error.code);
}

}  // namespace meterbill
