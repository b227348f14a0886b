#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "adapters/http/control_socket.h"
#include "adapters/http/http_client.h"
#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ControlSocketTest : public HttpServerTest {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "meterbill-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = (folder_ / "worker.sock").string();
  }
  void TearDown() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  Result<std::unique_ptr<HttpServer>> start(const std::string& path) {
    app_ = std::make_unique<FunctionApp>([](const WebRequest& request, const Respond& respond) {
      WebResponse response;
      response.body = request.peer + (request.control ? " controls" : " asks");
      respond(std::move(response));
    });
    HttpServerOptions options;
    options.control_path = path;
    options.limits.control_connections_max = 2;
    options.limits.connections_max = 0;
    options.listen = "127.0.0.1:0";
    return HttpServer::start(std::move(options), clock_, *app_);
  }

  void serve_control() {
    auto server = start(path_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(server.value());
  }

  void leave_stale_socket() {
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ASSERT_EQ(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ::close(left);
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(ControlSocketTest, ServesRequestsAsControlUnderAnyHostName) {
  serve_control();
  RawClient client(path_);
  EXPECT_EQ(
      client.ask("POST / HTTP/1.1\r\nHost: whatever.example\r\nContent-Length: 0\r\n\r\n").body,
      "control controls");
}

TEST_F(ControlSocketTest, OneThatTheServiceManagerMadeIsTakenOverAndItsFileLeft) {
  auto made = ControlSocket::listen(path_);
  ASSERT_TRUE(made);
  HttpServerOptions options;
  options.control_path = "/nonexistent/control.sock";
  options.control_descriptor = made.value().release_descriptor();
  serve(options);
  EXPECT_EQ(RawClient(path_).ask(get("/")).status, 200);
  server_.reset();
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ControlSocketTest, AFloodOverTcpDoesNotLockOperatorsOut) {
  serve_control();
  EXPECT_EQ(RawClient(port()).read_answer().status, 503);
  EXPECT_EQ(RawClient(path_).ask(get("/")).status, 200);
}

TEST_F(ControlSocketTest, NeitherSideCountsTheConnectionsOfTheOther) {
  HttpServerOptions options;
  options.control_path = path_;
  options.limits.connections_max = 1;
  options.limits.control_connections_max = 1;
  serve(options);
  RawClient control(path_);
  EXPECT_EQ(control.ask(get("/")).status, 200);
  RawClient first(port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(RawClient(port()).ask(get("/")).status, 200);
  EXPECT_TRUE(first.is_ended());  // and not the operator's, which has been kept longest
  EXPECT_EQ(control.ask(get("/")).status, 200);
  EXPECT_EQ(server_->stats().connections_refused, 0);
}

TEST_F(ControlSocketTest, IsForOwnerAndGroupAloneAndGoesAtTheEnd) {
  serve_control();
  EXPECT_EQ(fs::status(path_).type(), fs::file_type::socket);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms{0660});
  server_.reset();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlSocketTest, AStaleSocketIsReplaced) {
  leave_stale_socket();
  serve_control();
  EXPECT_EQ(RawClient(path_).ask(get("/")).status, 200);
}

TEST_F(ControlSocketTest, WhatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  const auto server = start(path_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::kConflict);
  EXPECT_EQ(fs::file_size(path_), 8U);
}

TEST_F(ControlSocketTest, ASymbolicLinkIsNotFollowed) {
  fs::create_symlink(folder_ / "elsewhere", path_);
  const auto server = start(path_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::kConflict);
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(ControlSocketTest, ARunningServiceKeepsItsSocket) {
  serve_control();
  FunctionApp other(echo);
  HttpServerOptions options;
  options.control_path = path_;
  const auto second = HttpServer::start(options, clock_, other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(RawClient(path_).ask(get("/")).status, 200);
}

TEST_F(ControlSocketTest, AFileThatIsNotItsOwnAnyMoreIsNotRemoved) {
  serve_control();
  fs::remove(path_);
  // Kept open, so that the new file cannot get the number of the old one.
  std::ofstream(path_) << "another's";
  server_.reset();
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ControlSocketTest, APathThatCannotBeIsNamed) {
  const auto too_long = start((folder_ / std::string(120, 'a')).string());
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Code::kConfig);
  EXPECT_THAT(too_long.error().message, HasSubstr("107 bytes"));
  const auto no_folder = start((folder_ / "no" / "a.sock").string());
  ASSERT_FALSE(no_folder);
  EXPECT_EQ(no_folder.error().code, Code::kConfig);
  EXPECT_THAT(no_folder.error().message, HasSubstr("the folder must exist"));
}

TEST_F(ControlSocketTest, TheClientAsksThroughIt) {
  serve_control();
  HttpClient client(HttpAddress::parse("unix:" + path_).value());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send({});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response.value().body, "control controls");
  }
  EXPECT_EQ(server_->stats().connections, 1);
}

TEST_F(ControlSocketTest, TheClientSaysWhenNobodyIsThere) {
  HttpClient client(HttpAddress::parse("unix:" + path_).value());
  const auto response = client.send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("the service does not run"));
}

}  // namespace
}  // namespace meterbill
