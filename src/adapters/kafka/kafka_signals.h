#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

namespace meterbill {

/// What the threads of librdkafka tell ours: that records are there, and that somebody should look
/// at the cluster. Shared by all that may still call, because a client that is slow to end can call
/// after its owner is gone. Safe from any thread; holds no lock while it calls out but its own.
class KafkaSignals {
 public:
  /// `wake` is called when there may be something to poll; it must only set a flag.
  void on_arrival(std::function<void()> wake);
  void arrived();

  /// The cluster should be looked at soon.
  void ask_for_look();
  /// Waits until a look is asked for, `limit` is over or `stop` is requested; answers the asking.
  void wait_for_look(const std::stop_token& stop, std::chrono::milliseconds limit);

  /// The newest failure a client told of, for people; empty when it answers again.
  void note_error(std::string text);
  void clear_error();
  [[nodiscard]] std::string error() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any look_wanted_;
  bool is_look_wanted_ = false;  ///< guarded by mutex_
  std::string error_;            ///< guarded by mutex_
  std::mutex wake_mutex_;
  std::function<void()> wake_;  ///< guarded by wake_mutex_
};

}  // namespace meterbill
