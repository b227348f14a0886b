#include "adapters/kafka/kafka_signals.h"

#include <algorithm>
#include <utility>

namespace meterbill {

void KafkaSignals::on_arrival(std::function<void()> wake) {
  const std::scoped_lock lock(wake_mutex_);
  wake_ = std::move(wake);
}

void KafkaSignals::arrived() {
  const std::scoped_lock lock(wake_mutex_);
  if (wake_) wake_();
}

void KafkaSignals::ask(Wish wish) {
  const std::scoped_lock lock(mutex_);
  wish_ = std::max(wish_, wish);
  is_asked_.notify_all();
}

KafkaSignals::Wish KafkaSignals::wait_for_wish(const std::stop_token& stop,
                                               std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  is_asked_.wait_until(lock, stop, until, [this] { return wish_ != Wish::kNothing; });
  return std::exchange(wish_, Wish::kNothing);
}

void KafkaSignals::note_error(std::string text) {
  const std::scoped_lock lock(mutex_);
  error_ = std::move(text);
}

void KafkaSignals::clear_error() {
  const std::scoped_lock lock(mutex_);
  error_.clear();
}

std::string KafkaSignals::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

void KafkaSignals::note_certificate(BadCertificate bad) {
  const std::scoped_lock lock(mutex_);
  bad_certificate_ = std::move(bad);
}

std::optional<BadCertificate> KafkaSignals::bad_certificate() const {
  const std::scoped_lock lock(mutex_);
  return bad_certificate_;
}

}  // namespace meterbill
