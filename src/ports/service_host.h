#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace meterbill {

/// What a program tells whoever runs it: systemd, the Windows service manager, or nobody at all on
/// a console. Safe to call from any thread; never fails: a program does its work whether or not
/// somebody listens.
class ServiceHost {
 public:
  virtual ~ServiceHost() = default;

  /// Configuration, store and source work.
  virtual void ready() = 0;
  /// The start goes on and needs at least so much more time from now; without it, one that takes
  /// longer than the unit allows is ended.
  virtual void needs(std::chrono::microseconds time) = 0;
  /// The stop has begun.
  virtual void stopping() = 0;
  /// One line for people: `ready: 3/3 partitions, lag 0`. Repeating it costs nothing.
  virtual void status(std::string_view line) = 0;
  /// The main loop has made progress. Call it from there, at least every watchdog_period.
  virtual void alive() = 0;
  /// A third of the time after which a silent program is restarted; none: nobody watches.
  [[nodiscard]] virtual std::optional<std::chrono::microseconds> watchdog_period() const = 0;
};

}  // namespace meterbill
