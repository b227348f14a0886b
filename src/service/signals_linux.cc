#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

#include "service/signals.h"

namespace meterbill {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{1'000};

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, number);
  return set;
}

Error os_error(const char* what, int error) {
  return fail(Code::kIo, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

/// Ends the process as if the signal had never been handled, so that its parent sees why.
void end_by(int number) {
  std::signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(number);
}

void call(const std::function<void()>& action) {
  if (action) action();
}

/// The body of the thread; owns both descriptors.
void watch(int signals, int wake, const SignalActions& actions) {
  bool is_stopping = false;
  std::array<pollfd, 2> sources{pollfd{.fd = signals, .events = POLLIN, .revents = 0},
                                pollfd{.fd = wake, .events = POLLIN, .revents = 0}};
  // By the clock, not by a quiet second: many signals would else keep the watchdog from its food.
  Steady::time_point next = Steady::now() + kTick;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Steady::now());
    const int wait_ms = static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count());
    const int ready = poll(sources.data(), sources.size(), wait_ms);
    if (sources[1].revents != 0) break;
    if (Steady::now() >= next) {
      call(actions.tick);
      next = Steady::now() + kTick;
    }
    if (ready <= 0) continue;
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    switch (static_cast<int>(info.ssi_signo)) {
      case SIGHUP:
        call(actions.reload);
        break;
      case SIGUSR1:
        call(actions.dump);
        break;
      default:
        if (is_stopping || !actions.stop) end_by(static_cast<int>(info.ssi_signo));
        is_stopping = true;
        call(actions.stop);
    }
  }
  close(signals);
  close(wake);
}

}  // namespace

Result<void> block_signals() {
  const sigset_t set = watched();
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return os_error("block signals", error);
  std::signal(SIGPIPE, SIG_IGN);
  return ok();
}

bool wait_for_interrupt(std::chrono::milliseconds time) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const timespec limit{.tv_sec = time.count() / 1'000, .tv_nsec = time.count() % 1'000 * 1'000'000};
  return sigtimedwait(&set, nullptr, &limit) > 0;
}

Result<SignalThread> SignalThread::start(SignalActions actions) {
  const sigset_t set = watched();
  const int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0) return os_error("signalfd", errno);
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    const int error = errno;
    close(signals);
    return os_error("eventfd", error);
  }
  return SignalThread{std::thread(watch, signals, wake, std::move(actions)), wake};
}

SignalThread::SignalThread(SignalThread&& other) noexcept
    : thread_(std::move(other.thread_)), wake_(std::exchange(other.wake_, -1)) {}

SignalThread::~SignalThread() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its limit and the thread keeps it open.
  static_cast<void>(!write(wake_, &one, sizeof one));
  thread_.join();
}

}  // namespace meterbill
