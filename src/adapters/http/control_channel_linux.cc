#include <boost/asio/local/stream_protocol.hpp>
#include <utility>

#include "adapters/http/control_channel.h"
#include "adapters/http/control_socket.h"
#include "adapters/http/http_listener.h"

namespace meterbill {
namespace {

using Local = boost::asio::local::stream_protocol;

class SocketListener final : public ControlListener {
 public:
  SocketListener(HttpCore& core, ControlSocket socket, Local::acceptor acceptor)
      : file_(std::move(socket)),
        listener_(std::make_shared<HttpListener<Local>>(
            core, std::move(acceptor), true, core.options.limits.control_connections_max)) {}

  void accept() override { listener_->accept(); }
  void close() override { listener_->close(); }

 private:
  ControlSocket file_;
  std::shared_ptr<HttpListener<Local>> listener_;
};

Result<ControlSocket> control_socket(const HttpServerOptions& options) {
  if (options.control_descriptor) return ControlSocket::adopt(*options.control_descriptor);
  return ControlSocket::listen(options.control_path);
}

}  // namespace

const std::size_t kControlPathBytesMax = ControlSocket::kPathBytesMax;

Result<std::shared_ptr<ControlListener>> ControlListener::open(HttpCore& core) {
  MB_TRY(auto socket, control_socket(core.options));
  Local::acceptor acceptor(core.io);
  boost::system::error_code error;
  acceptor.assign(Local(), socket.release_descriptor(), error);
  if (error) return fail(Code::kIo, "control socket: " + error.message());
  return std::shared_ptr<ControlListener>(
      std::make_shared<SocketListener>(core, std::move(socket), std::move(acceptor)));
}

void connect_control(boost::asio::io_context& /*io*/,
                     boost::asio::generic::stream_protocol::socket& socket, const std::string& path,
                     std::function<void(const boost::system::error_code&)> done) {
  socket.async_connect(Local::endpoint(path), std::move(done));
}

}  // namespace meterbill
