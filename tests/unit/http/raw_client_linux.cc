#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "unit/http/raw_client.h"

namespace meterbill {

RawClient::RawClient(const std::string& socket_path) {
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  if (::connect(made, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
    socket_ = made;
  else
    close_socket(made);
}

}  // namespace meterbill
