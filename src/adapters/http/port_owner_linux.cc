#include "adapters/http/port_owner.h"

namespace meterbill {

void own_port(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error) {
  acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
}

}  // namespace meterbill
