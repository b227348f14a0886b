#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/kafka/failing_broker.h"

namespace meterbill {
namespace {

/// While it lives, this process can have no further thread: as on a host that has no more to give.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    EXPECT_EQ(getrlimit(RLIMIT_NPROC, &before_), 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
    // The kernel lets root have all the threads it wants.
    if (is_root_) {
      EXPECT_EQ(change_user(kNobody), 0);
    }
  }
  ~NoMoreThreads() {
    if (is_root_) {
      EXPECT_EQ(change_user(0), 0);
    }
    EXPECT_EQ(setrlimit(RLIMIT_NPROC, &before_), 0);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  static constexpr uid_t kNobody = 65'534;
  /// Of this thread alone: libc's setresuid interrupts all of them, and the broker's would end.
  static long change_user(uid_t user) { return syscall(SYS_setresuid, user, user, 0); }

  const bool is_root_ = getuid() == 0;
  rlimit before_{};
};

TEST(KafkaSinkTest, AProducerThatEndedIsGoneAlsoWhenNoNewOneCanBeMadeYet) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  ASSERT_EQ(sink->send(kOne)[0].fate, Fate::kDelivered);
  broker.end_producer();
  SendReport report;
  {
    const NoMoreThreads limit;
    for (int i = 0; i < 3; ++i) report = sink->send(kOne)[0];
    EXPECT_EQ(report.fate, Fate::kLater);
    EXPECT_THAT(report.detail, testing::HasSubstr("Kafka client cannot be set up"));
  }
  report = sink->send(kOne)[0];
  EXPECT_EQ(report.fate, Fate::kDelivered) << report.detail;
}

}  // namespace
}  // namespace meterbill
