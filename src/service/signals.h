#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "base/result.h"

namespace meterbill {

/// What signals lead to. Called on the signal thread, one after the other; may lock and allocate,
/// must not throw, and should only set flags and wake loops. Each may be empty; without `stop`
/// TERM and INT end the process at once, which is what a program wants that only starts.
struct SignalActions {
  std::function<void()> stop{};    ///< TERM or INT, the first time
  std::function<void()> reload{};  ///< HUP
  std::function<void()> dump{};    ///< USR1: write the status to the log
  std::function<void()> tick{};    ///< about once a second
};

/// What Windows has instead of TERM and INT, HUP and USR1 are Ctrl-C, Ctrl-Break, a closed console
/// and the controls of the service manager (service_program.h).
///
/// Keeps HUP, INT, TERM and USR1 from reaching any thread, and PIPE from killing us. Call it first
/// thing in main, before any thread exists: a HUP that comes before somebody waits for it would
/// otherwise end the program.
[[nodiscard]] Result<void> block_signals();

/// For a command that is to end well after Ctrl-C: waits so long; true when INT or TERM came. From
/// the first call on they end the program no more.
/// REQUIRES: no thread but this one.
[[nodiscard]] bool wait_for_interrupt(std::chrono::milliseconds time);

/// Waits for the signals on a thread of its own, where ordinary code may run, instead of in a
/// handler, where next to nothing may. A second TERM or INT ends the process at once by that
/// signal: what must be durable is durable already.
/// REQUIRES: block_signals() was called by main; one object at a time.
class SignalThread {
 public:
  [[nodiscard]] static Result<SignalThread> start(SignalActions actions);

  SignalThread(SignalThread&& other) noexcept;
  SignalThread& operator=(SignalThread&&) = delete;
  ~SignalThread();  ///< ends the thread; signals stay blocked

 private:
  SignalThread(std::thread thread, int wake) : thread_(std::move(thread)), wake_(wake) {}

  std::thread thread_;
  int wake_ = -1;  ///< Linux: eventfd that ends the thread; Windows: its number
};

}  // namespace meterbill
