#include "adapters/kafka/kafka_signals.h"

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

void KafkaSignals::ask_for_look() {
  const std::scoped_lock lock(mutex_);
  is_look_wanted_ = true;
  look_wanted_.notify_all();
}

void KafkaSignals::wait_for_look(const std::stop_token& stop, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  look_wanted_.wait_for(lock, stop, limit, [this] { return is_look_wanted_; });
  is_look_wanted_ = false;
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

}  // namespace meterbill
