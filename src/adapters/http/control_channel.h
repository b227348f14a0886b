#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <string>

#include "adapters/http/http_core.h"
#include "base/result.h"

namespace meterbill {

/// The longest name of a control channel: a unix socket's path on Linux (unix(7): 108 bytes with
/// the ending NUL), a pipe's on Windows (256).
extern const std::size_t kControlPathBytesMax;

/// Operators' way into a service on the same machine: a unix socket, or a named pipe of Windows.
/// Who may use it is said by the file's mode or the pipe's access list, so its sessions ask for
/// nothing more. Everything on the I/O thread.
class ControlListener {
 public:
  virtual ~ControlListener() = default;
  virtual void accept() = 0;
  virtual void close() = 0;

  /// As core.options say. kConfig: the path is empty, too long, or its folder is missing.
  /// kConflict: another service listens there. kPermission, kIo.
  [[nodiscard]] static Result<std::shared_ptr<ControlListener>> open(HttpCore& core);
};

/// Connects to the channel at `path`, and then calls `done`. Until then both are borrowed.
void connect_control(boost::asio::io_context& io,
                     boost::asio::generic::stream_protocol::socket& socket, const std::string& path,
                     std::function<void(const boost::system::error_code&)> done);

}  // namespace meterbill
