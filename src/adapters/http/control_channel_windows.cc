#include <windows.h>
// Not before the one above.
#include <sddl.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/windows/overlapped_ptr.hpp>
#include <boost/asio/windows/stream_handle.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

#include "adapters/http/control_channel.h"
#include "adapters/http/http_session.h"
#include "base/system_failure_windows.h"

namespace meterbill {
namespace {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;
using Tcp = net::ip::tcp;
using Pipe = net::windows::stream_handle;
using Socket = net::generic::stream_protocol::socket;

constexpr DWORD kPipeBytes = 64 * 1024;
constexpr std::size_t kPieceBytes = std::size_t{16} * 1024;
constexpr std::chrono::milliseconds kTryAgain{100};

/// The system, administrators and the service's own account, and nobody else (SDDL).
constexpr const char* kWhoMay = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)";

ErrorCode last_error() {
  return {static_cast<int>(GetLastError()), boost::system::system_category()};
}

/// A listening end that takes the one connection asked for: the other is not to be somebody else's.
ErrorCode connect_pair(net::io_context& io, Tcp::socket& ours, Tcp::socket& theirs) {
  ErrorCode error;
  Tcp::acceptor acceptor(io);
  const Tcp::endpoint any(net::ip::address_v4::loopback(), 0);
  acceptor.open(any.protocol(), error);
  if (!error) acceptor.bind(any, error);
  if (!error) acceptor.listen(1, error);
  if (!error) ours.connect(acceptor.local_endpoint(error), error);
  if (!error) acceptor.accept(theirs, error);
  if (!error && theirs.remote_endpoint(error) != ours.local_endpoint(error))
    error = net::error::connection_aborted;
  return error;
}

/// Carries bytes between a pipe and a socket, both ways, until both have ended. What speaks HTTP is
/// made for sockets, which can wait without reading and close one way; Windows' pipes cannot.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(Pipe pipe, Tcp::socket socket) : pipe_(std::move(pipe)), socket_(std::move(socket)) {}

  void begin() {
    from_pipe();
    from_socket();
  }

 private:
  void from_pipe() {
    pipe_.async_read_some(net::buffer(in_),
                          [self = shared_from_this()](const ErrorCode& error, std::size_t bytes) {
                            if (error) return self->end_of_pipe();
                            net::async_write(self->socket_, net::buffer(self->in_, bytes),
                                             [self](const ErrorCode& failed, std::size_t) {
                                               if (failed) return self->end();
                                               self->from_pipe();
                                             });
                          });
  }

  void from_socket() {
    socket_.async_read_some(net::buffer(out_),
                            [self = shared_from_this()](const ErrorCode& error, std::size_t bytes) {
                              if (error) return self->end();
                              net::async_write(self->pipe_, net::buffer(self->out_, bytes),
                                               [self](const ErrorCode& failed, std::size_t) {
                                                 if (failed) return self->end();
                                                 self->from_socket();
                                               });
                            });
  }

  void end_of_pipe() {
    ErrorCode ignored;
    socket_.shutdown(net::socket_base::shutdown_send, ignored);
  }

  /// What was written stays in the pipe until the other side has read it.
  void end() {
    ErrorCode ignored;
    pipe_.close(ignored);
    socket_.close(ignored);
  }

  Pipe pipe_;
  Tcp::socket socket_;
  std::array<char, kPieceBytes> in_{};
  std::array<char, kPieceBytes> out_{};
};

/// Our end of a relay that was begun.
ErrorCode relay(net::io_context& io, Pipe pipe, Tcp::socket& ours) {
  Tcp::socket theirs(io);
  if (const ErrorCode error = connect_pair(io, ours, theirs)) return error;
  std::make_shared<Relay>(std::move(pipe), std::move(theirs))->begin();
  return {};
}

class PipeListener final : public ControlListener,
                           public std::enable_shared_from_this<PipeListener> {
 public:
  explicit PipeListener(HttpCore& core) : core_(core), retry_(core.io) {}

  /// The first instance is refused when somebody has the name: nobody is to answer in our place.
  Result<void> open() { return in("control pipe " + name(), make_instance(true)); }

  void accept() override {
    if (!pipe_) return;
    net::windows::overlapped_ptr waiting(
        core_.io, [self = shared_from_this()](const ErrorCode& error, std::size_t) {
          self->on_connected(error);
        });
    if (ConnectNamedPipe(pipe_->native_handle(), waiting.get()) != 0) {
      waiting.complete({}, 0);
      return;
    }
    const ErrorCode error = last_error();
    if (error.value() == ERROR_IO_PENDING)
      waiting.release();
    else
      waiting.complete(error.value() == ERROR_PIPE_CONNECTED ? ErrorCode() : error, 0);
  }

  void close() override {
    is_closed_ = true;
    pipe_.reset();
    retry_.cancel();
  }

 private:
  [[nodiscard]] const std::string& name() const { return core_.options.control_path; }

  Result<void> make_instance(bool first) {
    SECURITY_ATTRIBUTES security{
        .nLength = sizeof security, .lpSecurityDescriptor = nullptr, .bInheritHandle = FALSE};
    if (ConvertStringSecurityDescriptorToSecurityDescriptorA(
            kWhoMay, SDDL_REVISION_1, &security.lpSecurityDescriptor, nullptr) == 0)
      return windows_failure("access list");
    const HANDLE made = CreateNamedPipeA(
        name().c_str(),
        PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0U),
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
        PIPE_UNLIMITED_INSTANCES, kPipeBytes, kPipeBytes, 0, &security);
    const DWORD error = GetLastError();
    LocalFree(security.lpSecurityDescriptor);
    if (made != INVALID_HANDLE_VALUE) {
      pipe_.emplace(core_.io, made);
      return ok();
    }
    if (first && (error == ERROR_ACCESS_DENIED || error == ERROR_PIPE_BUSY))
      return fail(Code::kConflict, "another program has it: stop that one, or set another name");
    return windows_failure("make it", error);
  }

  void on_connected(const ErrorCode& error) {
    if (is_closed_) return;
    if (!error) take();
    next();
  }

  void take() {
    Tcp::socket ours(core_.io);
    if (!has_room(core_, true, core_.options.limits.control_connections_max)) return;
    if (relay(core_.io, std::move(*pipe_), ours)) return;
    begin_session(core_, Socket(std::move(ours)), true, "control");
  }

  /// No handles left: not at once again.
  void next() {
    pipe_.reset();
    if (make_instance(false)) return accept();
    retry_.expires_after(kTryAgain);
    retry_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error && !self->is_closed_) self->next();
    });
  }

  HttpCore& core_;
  std::optional<Pipe> pipe_;
  net::steady_timer retry_;
  bool is_closed_ = false;
};

/// Windows lets a program that answers a pipe act as who called it, unless that is said.
HANDLE open_pipe(const std::string& path) {
  return CreateFileA(path.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                     FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                     nullptr);
}

ErrorCode connect_pipe(net::io_context& io, Socket& socket, const std::string& path) {
  HANDLE opened = open_pipe(path);
  // Between two connections the service has to make the next instance.
  for (int attempt = 0;
       opened == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PIPE_BUSY && attempt < 10;
       ++attempt) {
    WaitNamedPipeA(path.c_str(), static_cast<DWORD>(kTryAgain.count()));
    opened = open_pipe(path);
  }
  if (opened == INVALID_HANDLE_VALUE) return last_error();
  Tcp::socket ours(io);
  if (const ErrorCode error = relay(io, Pipe(io, opened), ours)) return error;
  socket = Socket(std::move(ours));
  return {};
}

}  // namespace

const std::size_t kControlPathBytesMax = 256;

Result<std::shared_ptr<ControlListener>> ControlListener::open(HttpCore& core) {
  auto listener = std::make_shared<PipeListener>(core);
  MB_TRYV(listener->open());
  return std::shared_ptr<ControlListener>(std::move(listener));
}

void connect_control(net::io_context& io, Socket& socket, const std::string& path,
                     std::function<void(const ErrorCode&)> done) {
  const ErrorCode error = connect_pipe(io, socket, path);
  net::post(io, [done = std::move(done), error] { done(error); });
}

}  // namespace meterbill
