#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <string>

#include "base/result.h"

namespace meterbill {

/// The client's side of TLS over a socket that stays its owner's. For http_client.cc alone.
using HttpTlsStream = boost::asio::ssl::stream<boost::asio::generic::stream_protocol::socket&>;

/// TLS 1.2 or newer, the peer's certificate checked against the authorities of `ca_file`, or those
/// of the system when it is empty. kConfig, kNotFound: `ca_file` cannot be read or holds none.
[[nodiscard]] Result<boost::asio::ssl::context> tls_context(const std::string& ca_file);

/// Has the certificate checked for `host`, a name or an address (RFC 9525), and says the name.
void expect_host(HttpTlsStream& stream, const std::string& host);

/// Why a handshake failed, with the remedy; empty when it was not about the certificate.
[[nodiscard]] std::string certificate_fault(HttpTlsStream& stream);

/// Whether a handshake failed because the peer answered with something else than TLS.
[[nodiscard]] bool speaks_no_tls(const boost::system::error_code& error);

}  // namespace meterbill
