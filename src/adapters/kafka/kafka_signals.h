#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "adapters/kafka/kafka_certificate.h"

namespace meterbill {

/// What the threads of librdkafka tell ours: that records are there, and that somebody should look
/// at the cluster. Shared by all that may still call, because a client that is slow to end can call
/// after its owner is gone. Safe from any thread; holds no lock while it calls out but its own.
class KafkaSignals {
 public:
  /// `wake` is called when there may be something to poll; it must only set a flag.
  void on_arrival(std::function<void()> wake);
  void arrived();

  enum class Wish { kNothing, kProof, kLook };
  /// The cluster should be looked at soon.
  void ask_for_look() { ask(Wish::kLook); }
  /// Records wait for the proof that the log is still the same.
  void ask_for_proof() { ask(Wish::kProof); }
  /// Waits until something is asked for, `until` has come or `stop` is requested; takes the wish.
  [[nodiscard]] Wish wait_for_wish(const std::stop_token& stop,
                                   std::chrono::steady_clock::time_point until);

  /// The newest failure a client told of, for people; empty when it answers again.
  void note_error(std::string text);
  void clear_error();
  [[nodiscard]] std::string error() const;

  /// The newest certificate of a broker that was not taken.
  void note_certificate(BadCertificate bad);
  [[nodiscard]] std::optional<BadCertificate> bad_certificate() const;

 private:
  void ask(Wish wish);

  mutable std::mutex mutex_;
  std::condition_variable_any is_asked_;
  Wish wish_ = Wish::kNothing;                     ///< guarded by mutex_
  std::string error_;                              ///< guarded by mutex_
  std::optional<BadCertificate> bad_certificate_;  ///< guarded by mutex_
  std::mutex wake_mutex_;
  std::function<void()> wake_;  ///< guarded by wake_mutex_
};

}  // namespace meterbill
