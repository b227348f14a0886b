#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <optional>
#include <utility>

#include "service/signals.h"

namespace meterbill {
namespace {

/// Each case runs in a process of its own: signals belong to the whole process.
class SignalsDeathTest : public testing::Test {
 protected:
  SignalsDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

constexpr auto kPatience = std::chrono::seconds{30};  ///< only ever used up by a failure

/// A tick action, and whether it was called at all.
class FirstTick {
 public:
  void operator()() {
    if (!std::exchange(called_before_, true)) called_.set_value();
  }
  bool came_within(std::chrono::milliseconds time) {
    return future_.wait_for(time) == std::future_status::ready;
  }

 private:
  bool called_before_ = false;  ///< of the thread that ticks
  std::promise<void> called_;
  std::future<void> future_ = called_.get_future();
};

/// Sends the signal and waits for its action; exits with `code`.
[[noreturn]] void send_and_exit(int number, std::function<void()> SignalActions::*action,
                                int code) {
  std::promise<void> called;
  if (!block_signals()) std::_Exit(90);
  SignalActions actions;
  actions.*action = [&called] { called.set_value(); };
  auto thread = SignalThread::start(std::move(actions));
  if (!thread) std::_Exit(91);
  kill(getpid(), number);
  const bool came = called.get_future().wait_for(kPatience) == std::future_status::ready;
  { const SignalThread ended = std::move(thread).value(); }
  std::_Exit(came ? code : 92);
}

TEST_F(SignalsDeathTest, EachSignalLeadsToItsAction) {
  EXPECT_EXIT(send_and_exit(SIGTERM, &SignalActions::stop, 10), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(send_and_exit(SIGINT, &SignalActions::stop, 11), testing::ExitedWithCode(11), "");
  EXPECT_EXIT(send_and_exit(SIGHUP, &SignalActions::reload, 12), testing::ExitedWithCode(12), "");
  EXPECT_EXIT(send_and_exit(SIGUSR1, &SignalActions::dump, 13), testing::ExitedWithCode(13), "");
}

TEST_F(SignalsDeathTest, ASignalThatCameBeforeTheThreadIsNotLost) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        kill(getpid(), SIGHUP);
        std::promise<void> called;
        auto thread = SignalThread::start({.reload = [&called] { called.set_value(); }});
        called.get_future().wait_for(kPatience);
        std::_Exit(20);
      },
      testing::ExitedWithCode(20), "");
}

TEST_F(SignalsDeathTest, ASecondTermEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        std::promise<void> called;
        auto thread = SignalThread::start({.stop = [&called] { called.set_value(); }});
        kill(getpid(), SIGTERM);
        called.get_future().wait_for(kPatience);
        kill(getpid(), SIGTERM);
        std::promise<void>{}.get_future().wait_for(kPatience);
        std::_Exit(30);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(SignalsDeathTest, WhatOnlyStartsIsEndedByTheFirstOne) {
  for (const int number : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          if (!block_signals()) std::_Exit(90);
          auto thread = SignalThread::start({});
          kill(getpid(), number);
          std::promise<void>{}.get_future().wait_for(kPatience);
          std::_Exit(31);
        },
        testing::KilledBySignal(number), "");
  }
}

TEST_F(SignalsDeathTest, WhatCameAtTheEndOfTheStartStopsInOrder) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        std::optional<SignalThread> starting = std::move(SignalThread::start({})).value();
        starting.reset();
        kill(getpid(), SIGTERM);
        std::promise<void> called;
        auto thread = SignalThread::start({.stop = [&called] { called.set_value(); }});
        const bool came = called.get_future().wait_for(kPatience) == std::future_status::ready;
        std::_Exit(came ? 32 : 33);
      },
      testing::ExitedWithCode(32), "");
}

TEST_F(SignalsDeathTest, ABrokenPipeIsAnErrorAndNotTheEnd) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        raise(SIGPIPE);
        std::_Exit(40);
      },
      testing::ExitedWithCode(40), "");
}

TEST_F(SignalsDeathTest, TheThreadTicks) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        FirstTick tick;
        auto thread = SignalThread::start({.tick = [&] { tick(); }});
        std::_Exit(tick.came_within(kPatience) ? 50 : 51);
      },
      testing::ExitedWithCode(50), "");
}

TEST_F(SignalsDeathTest, ManySignalsDoNotKeepItFromTicking) {
  EXPECT_EXIT(
      {
        if (!block_signals()) std::_Exit(90);
        FirstTick tick;
        auto thread = SignalThread::start({.tick = [&] { tick(); }});
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        bool came = false;
        while (!came && std::chrono::steady_clock::now() < end) {
          kill(getpid(), SIGUSR1);
          came = tick.came_within(std::chrono::milliseconds{50});
        }
        std::_Exit(came ? 60 : 61);
      },
      testing::ExitedWithCode(60), "");
}

}  // namespace
}  // namespace meterbill
