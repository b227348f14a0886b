#include "adapters/http/port_owner.h"

namespace meterbill {

void own_port(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error) {
  const BOOL yes = TRUE;
  if (setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_EXCLUSIVEADDRUSE,
                 reinterpret_cast<const char*>(&yes), sizeof yes) == 0)
    return;
  error.assign(WSAGetLastError(), boost::system::system_category());
}

}  // namespace meterbill
