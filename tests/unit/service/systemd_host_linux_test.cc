#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "service/systemd_host.h"
#include "base/assert.h"
#include "support/temp_dir.h"
#include "unit/service/stepped_clock.h"

namespace meterbill {
namespace {

/// The service manager's end of NOTIFY_SOCKET.
class SystemdHostTest : public testing::Test {
 protected:
  SystemdHostTest() {
    const std::string path = (folder_.path() / "notify").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    MB_ASSERT(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    MB_ASSERT(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~SystemdHostTest() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(socket_);
  }

  /// All that has been said since the last call, one message a line.
  std::string heard() {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = recv(socket_, buffer.data(), buffer.size(), 0)) > 0;)
      text += std::string(buffer.data(), static_cast<std::size_t>(got)) + "\n";
    return text;
  }

  TempDir folder_;
  SteppedClock clock_;
  int socket_ = -1;
};

TEST_F(SystemdHostTest, TellsTheManager) {
  SystemdHost host{clock_};
  host.status("replaying ledger, 40 %");
  host.needs(std::chrono::seconds{30});
  host.ready();
  host.stopping();
  EXPECT_EQ(heard(),
            "STATUS=replaying ledger, 40 %\nEXTEND_TIMEOUT_USEC=30000000\nREADY=1\nSTOPPING=1\n");
}

TEST_F(SystemdHostTest, TheSameStatusIsSaidOnceAndAStatusIsOneLine) {
  SystemdHost host{clock_};
  host.status("ready\nREADY=1");
  host.status("ready\nREADY=1");
  EXPECT_EQ(heard(), "STATUS=ready READY=1\n");
}

TEST_F(SystemdHostTest, TheWatchdogIsFedByProgressAndNotTooOften) {
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  SystemdHost host{clock_};
  EXPECT_EQ(host.watchdog_period(), std::chrono::seconds{10});
  host.alive();
  host.alive();
  EXPECT_EQ(heard(), "WATCHDOG=1\n");
  clock_.advance(std::chrono::seconds{4});
  host.alive();
  EXPECT_EQ(heard(), "");
  clock_.advance(std::chrono::seconds{1});
  host.alive();
  EXPECT_EQ(heard(), "WATCHDOG=1\n");
}

TEST_F(SystemdHostTest, WithoutAWatchdogAliveSaysNothing) {
  SystemdHost host{clock_};
  host.alive();
  EXPECT_EQ(host.watchdog_period(), std::nullopt);
  EXPECT_EQ(heard(), "");
}

TEST_F(SystemdHostTest, WithoutAManagerEveryCallIsQuiet) {
  unsetenv("NOTIFY_SOCKET");
  SystemdHost host{clock_};
  host.ready();
  host.status("x");
  host.stopping();
  EXPECT_EQ(heard(), "");
}

}  // namespace
}  // namespace meterbill
