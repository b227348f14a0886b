#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/assert.h"
#include "service/inherited_socket.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

/// Each case runs in a process of its own, whose descriptor 3 it may have.
class InheritedSocketDeathTest : public testing::Test {
 protected:
  InheritedSocketDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  /// A socket at the path becomes descriptor 3, as systemd would hand it over.
  static void hand_over(const std::string& path, bool listens) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    MB_ASSERT(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    MB_ASSERT(bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (listens) MB_ASSERT(listen(made, 4) == 0);
    if (made != kFirst) MB_ASSERT(dup2(made, kFirst) == kFirst);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "1", 1);
  }
  [[noreturn]] static void end_with(const Result<std::optional<int>>& result) {
    if (!result) {
      std::fprintf(stderr, "%s\n", result.error().message.c_str());
      std::_Exit(10);
    }
    if (!result.value()) std::_Exit(11);
    const bool waits = (fcntl(*result.value(), F_GETFL) & O_NONBLOCK) == 0;
    const bool leaks = (fcntl(*result.value(), F_GETFD) & FD_CLOEXEC) == 0;
    std::_Exit(*result.value() == kFirst && !waits && !leaks ? 12 : 13);
  }
  std::string path() const { return (folder_.path() / "control.sock").string(); }
  TempDir folder_;
};

TEST_F(InheritedSocketDeathTest, TheOneOfTheUnitIsTaken) {
  EXPECT_EXIT((hand_over(path(), true), end_with(inherited_socket(path(), "agent.control"))),
              testing::ExitedWithCode(12), "");
}

TEST_F(InheritedSocketDeathTest, WithoutSystemdThereIsNone) {
  EXPECT_EXIT(end_with(inherited_socket(path(), "agent.control")), testing::ExitedWithCode(11), "");
}

TEST_F(InheritedSocketDeathTest, OneOfAnotherPlaceIsRefused) {
  EXPECT_EXIT((hand_over(path(), true), end_with(inherited_socket("/run/x", "agent.control"))),
              testing::ExitedWithCode(10),
              "agent.control is /run/x, but systemd listens at .*sock");
}

TEST_F(InheritedSocketDeathTest, OneThatDoesNotListenIsRefused) {
  EXPECT_EXIT((hand_over(path(), false), end_with(inherited_socket(path(), "agent.control"))),
              testing::ExitedWithCode(10), "something else than one listening unix socket");
}

}  // namespace
}  // namespace meterbill
