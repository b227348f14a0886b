#include "service/inherited_socket.h"

namespace meterbill {

// The service manager of Windows makes no sockets for services.
Result<std::optional<int>> inherited_socket(const std::string& /*path*/,
                                            const std::string& /*key*/) {
  return std::optional<int>();
}

}  // namespace meterbill
