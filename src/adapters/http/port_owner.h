#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace meterbill {

/// Before a port is bound: ours alone while we listen, and ours again at once after a restart. The
/// same option has the opposite meaning on Windows: there it lets any program share the port.
void own_port(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error);

}  // namespace meterbill
