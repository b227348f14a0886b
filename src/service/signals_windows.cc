#include <windows.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>

#include "base/system_failure_windows.h"
#include "service/signal_box_windows.h"
#include "service/signals.h"

namespace meterbill {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{1'000};
/// As a shell on Linux reports a program that Ctrl-C ended; and what Windows itself uses for it.
constexpr UINT kEndedByUser = STATUS_CONTROL_C_EXIT;
/// A closed console or the end of the session gives a program some seconds (5, 20) and then ends
/// it: its handler must not return before the program is through.
constexpr std::chrono::seconds kSessionEnd{20};

struct SignalBox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<WindowsSignal> waiting;
  int ended = 0;    ///< the thread with this number, and those before it, are to end
  int started = 0;  ///< threads
  bool interrupted = false;
};

SignalBox& box() {
  static SignalBox only;
  return only;
}

BOOL WINAPI on_console(DWORD control) {
  tell_signal(WindowsSignal::kStop);
  // Ctrl-C and Ctrl-Break end nothing by themselves.
  if (control == CTRL_C_EVENT || control == CTRL_BREAK_EVENT) return TRUE;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable never;
  never.wait_for(lock, kSessionEnd, [] { return false; });
  return TRUE;
}

void call(const std::function<void()>& action) {
  if (action) action();
}

/// The next signal, or none when the tick is due; the outer one is empty when the thread is to end.
std::optional<std::optional<WindowsSignal>> wait(int number, Steady::time_point next) {
  SignalBox& signals = box();
  std::unique_lock lock(signals.mutex);
  const auto is_due = [&] { return signals.ended >= number || !signals.waiting.empty(); };
  signals.changed.wait_until(lock, next, is_due);
  if (signals.ended >= number) return std::nullopt;
  if (signals.waiting.empty()) return std::optional<WindowsSignal>();
  const WindowsSignal first = signals.waiting.front();
  signals.waiting.pop_front();
  return std::optional<WindowsSignal>(first);
}

void watch(int number, const SignalActions& actions) {
  bool is_stopping = false;
  // By the clock, not by a quiet second: many signals would else keep ticks away.
  Steady::time_point next = Steady::now() + kTick;
  while (const auto signal = wait(number, next)) {
    if (Steady::now() >= next) {
      call(actions.tick);
      next = Steady::now() + kTick;
    }
    if (!*signal) continue;
    if (**signal == WindowsSignal::kReload) {
      call(actions.reload);
      continue;
    }
    if (is_stopping || !actions.stop) TerminateProcess(GetCurrentProcess(), kEndedByUser);
    is_stopping = true;
    call(actions.stop);
  }
}

}  // namespace

void tell_signal(WindowsSignal signal) {
  SignalBox& signals = box();
  {
    const std::scoped_lock lock(signals.mutex);
    signals.waiting.push_back(signal);
    if (signal == WindowsSignal::kStop) signals.interrupted = true;
  }
  signals.changed.notify_all();
}

Result<void> block_signals() {
  box();  // made before any other thread asks for it
  if (SetConsoleCtrlHandler(on_console, TRUE) == 0) return windows_failure("SetConsoleCtrlHandler");
  return ok();
}

bool wait_for_interrupt(std::chrono::milliseconds time) {
  static const auto installed = block_signals();
  SignalBox& signals = box();
  std::unique_lock lock(signals.mutex);
  signals.changed.wait_for(lock, time, [&] { return signals.interrupted; });
  return std::exchange(signals.interrupted, false);
}

Result<SignalThread> SignalThread::start(SignalActions actions) {
  SignalBox& signals = box();
  int number = 0;
  {
    const std::scoped_lock lock(signals.mutex);
    number = ++signals.started;
  }
  return SignalThread{std::thread(watch, number, std::move(actions)), number};
}

SignalThread::SignalThread(SignalThread&& other) noexcept
    : thread_(std::move(other.thread_)), wake_(std::exchange(other.wake_, -1)) {}

SignalThread::~SignalThread() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(box().mutex);
    box().ended = wake_;
  }
  box().changed.notify_all();
  thread_.join();
}

}  // namespace meterbill
