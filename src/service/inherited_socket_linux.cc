#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstring>
#include <system_error>

#include "service/inherited_socket.h"

namespace meterbill {
namespace {

/// Where a unix socket is bound; empty when that cannot be told.
std::string bound_path(int descriptor) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return {address.sun_path, strnlen(address.sun_path, sizeof address.sun_path)};
}

}  // namespace

Result<std::optional<int>> inherited_socket(const std::string& path, const std::string& key) {
  const int count = sd_listen_fds(1);
  if (count < 0)
    return fail(Code::kIo, "sockets from systemd: " + std::generic_category().message(-count));
  if (count == 0) return std::optional<int>();
  const int descriptor = SD_LISTEN_FDS_START;
  if (count > 1 || sd_is_socket_unix(descriptor, SOCK_STREAM, 1, nullptr, 0) <= 0)
    return fail(Code::kConfig,
                "systemd hands over something else than one listening unix socket: its .socket "
                "unit may have one ListenStream= with a path");
  const std::string bound = bound_path(descriptor);
  if (bound != path)
    return fail(Code::kConfig,
                fmt::format("{} is {}, but systemd listens at {}: set ListenStream= of the "
                            "service's .socket unit to the same path",
                            key, path, bound));
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0)
    return fail(Code::kIo, "socket from systemd: " + std::generic_category().message(errno));
  return std::optional<int>(descriptor);
}

}  // namespace meterbill
