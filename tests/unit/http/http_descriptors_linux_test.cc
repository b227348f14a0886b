#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/http/http_server.h"
#include "unit/http/server_fixture.h"

namespace meterbill {
namespace {

constexpr std::chrono::milliseconds kSoon{60};

TEST_F(HttpServerTest, WithoutADescriptorForItAConnectionWaits) {
  serve();
  // It runs before descriptors are short: UBSan needs one to look at an object the first time.
  EXPECT_EQ(RawClient(port()).ask(get("/")).status, 200);
  wait_until([](const HttpStats& stats) { return stats.connections_open; }, 0);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const int lowest_free = ::dup(STDIN_FILENO);
  ASSERT_GE(lowest_free, 0);
  ::close(lowest_free);
  rlimit one_more = old;
  one_more.rlim_cur = static_cast<rlim_t>(lowest_free) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &one_more), 0);
  RawClient client(port());  // takes the only one
  client.send(get("/"));
  const RawAnswer none = client.read_answer(false, kSoon);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(client.read_answer().status, 200);
}

}  // namespace
}  // namespace meterbill
