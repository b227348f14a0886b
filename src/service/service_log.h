#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "service/log_record.h"

namespace meterbill {

/// The log of a program. Of repeated events the first is written at once, then one line a period
/// says how many there were: a dead broker must not fill a disk. Debug and trace are never
/// summarised: whoever turns them on wants them all. Neither is what an operator had done.
///
/// Of a state that comes and goes ("unreachable", "reachable again") the last word must be right
/// soon: once the opposite was said, an event is held back for kTurn only. Safe to call from any
/// thread.
class ServiceLog final : public Log {
 public:
  static constexpr std::chrono::minutes kPeriod{10};
  static constexpr std::chrono::seconds kTurn{30};
  static constexpr std::size_t kRemembersMax = 1000;  ///< beyond it all are summarised at once

  ServiceLog(const Clock& clock, LogSink& sink, LogLevel level,
             std::chrono::microseconds period = kPeriod);
  ~ServiceLog() override;  ///< as summarise_all()
  ServiceLog(const ServiceLog&) = delete;
  ServiceLog& operator=(const ServiceLog&) = delete;

  using Log::write;
  void write(const LogEvent& event, const LogFields& fields) override;

  /// Events less important than `level` are dropped from now on. Any thread.
  void set_level(LogLevel level) { level_ = level; }
  [[nodiscard]] LogLevel level() const { return level_; }

  /// Writes the summaries that are due. Call it about once a second: an event that has stopped
  /// repeating would otherwise never be summed up.
  void summarise();
  /// Writes those that are due later too: before the last line of a program.
  void summarise_all();

 private:
  struct Repetition {
    const LogEvent* event = nullptr;
    std::int64_t written_us = 0;  ///< monotonic
    std::int64_t held_us = 0;     ///< so long after that is held back what repeats it
    std::int64_t repeated = 0;
    LogFields fields{};  ///< of the newest one
    UtcTime time{};      ///< of the newest one
  };

  // REQUIRES: mutex_ is held.
  void turn(const LogEvent& event, const LogFields& fields);
  void summarise_older_than(std::int64_t age_us_max);
  void summary(Repetition& repetition, const Instant& now);

  const Clock& clock_;
  LogSink& sink_;
  std::atomic<LogLevel> level_;
  const std::int64_t period_us_;
  std::mutex mutex_;
  std::map<std::string, Repetition> repetitions_;
};

}  // namespace meterbill
