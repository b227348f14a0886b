#include <gtest/gtest.h>
#include <windows.h>

#include <future>
#include <optional>
#include <utility>

#include "service/signal_box_windows.h"
#include "service/signals.h"

namespace meterbill {
namespace {

constexpr auto kPatience = std::chrono::seconds{30};  ///< only ever used up by a failure

/// Each case runs in a process of its own: what a program is told belongs to the whole of it.
class SignalsDeathTest : public testing::Test {
 protected:
  SignalsDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

[[noreturn]] void end_with(int code) {
  TerminateProcess(GetCurrentProcess(), static_cast<UINT>(code)), std::abort();
}

bool came(std::promise<void>& called) {
  return called.get_future().wait_for(kPatience) == std::future_status::ready;
}

[[noreturn]] void tell_and_exit(WindowsSignal signal, std::function<void()> SignalActions::*action,
                                int code) {
  std::promise<void> called;
  if (!block_signals()) end_with(90);
  SignalActions actions;
  actions.*action = [&called] { called.set_value(); };
  auto thread = SignalThread::start(std::move(actions));
  if (!thread) end_with(91);
  tell_signal(signal);
  const bool was_called = came(called);
  { const SignalThread ended = std::move(thread).value(); }
  end_with(was_called ? code : 92);
}

TEST_F(SignalsDeathTest, EachSignalLeadsToItsAction) {
  EXPECT_EXIT(tell_and_exit(WindowsSignal::kStop, &SignalActions::stop, 10),
              testing::ExitedWithCode(10), "");
  EXPECT_EXIT(tell_and_exit(WindowsSignal::kReload, &SignalActions::reload, 12),
              testing::ExitedWithCode(12), "");
}

TEST_F(SignalsDeathTest, ASignalThatCameBeforeTheThreadIsNotLost) {
  EXPECT_EXIT(
      {
        if (!block_signals()) end_with(90);
        tell_signal(WindowsSignal::kReload);
        std::promise<void> called;
        auto thread = SignalThread::start({.reload = [&called] { called.set_value(); }});
        end_with(came(called) ? 20 : 21);
      },
      testing::ExitedWithCode(20), "");
}

TEST_F(SignalsDeathTest, ASecondStopEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        if (!block_signals()) end_with(90);
        std::promise<void> called;
        auto thread = SignalThread::start({.stop = [&called] { called.set_value(); }});
        tell_signal(WindowsSignal::kStop);
        came(called);
        tell_signal(WindowsSignal::kStop);
        std::promise<void> never;
        came(never);
        end_with(30);
      },
      testing::ExitedWithCode(static_cast<int>(STATUS_CONTROL_C_EXIT)), "");
}

TEST_F(SignalsDeathTest, WhatOnlyStartsIsEndedByTheFirstOne) {
  EXPECT_EXIT(
      {
        if (!block_signals()) end_with(90);
        auto thread = SignalThread::start({});
        tell_signal(WindowsSignal::kStop);
        std::promise<void> never;
        came(never);
        end_with(31);
      },
      testing::ExitedWithCode(static_cast<int>(STATUS_CONTROL_C_EXIT)), "");
}

TEST_F(SignalsDeathTest, WhatCameAtTheEndOfTheStartStopsInOrder) {
  EXPECT_EXIT(
      {
        if (!block_signals()) end_with(90);
        std::optional<SignalThread> starting = std::move(SignalThread::start({})).value();
        starting.reset();
        tell_signal(WindowsSignal::kStop);
        std::promise<void> called;
        auto thread = SignalThread::start({.stop = [&called] { called.set_value(); }});
        end_with(came(called) ? 32 : 33);
      },
      testing::ExitedWithCode(32), "");
}

TEST_F(SignalsDeathTest, TheThreadTicks) {
  EXPECT_EXIT(
      {
        if (!block_signals()) end_with(90);
        std::promise<void> ticked;
        bool before = false;
        auto thread = SignalThread::start({.tick = [&] {
          if (!std::exchange(before, true)) ticked.set_value();
        }});
        end_with(came(ticked) ? 50 : 51);
      },
      testing::ExitedWithCode(50), "");
}

}  // namespace
}  // namespace meterbill
