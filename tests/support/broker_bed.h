#pragma once

#include <string>

namespace meterbill {

/// Orders to the broker that the Python side of a test holds (broker_bed.py), over a local TCP
/// connection: `create NAME 3`, `produce NAME 0 10 PREFIX`, `cut`, … Waits until each is done.
class BrokerBed {
 public:
  /// Ends the test program when METERBILL_BED_PORT is not set: it is started by its wrapper.
  BrokerBed();
  ~BrokerBed();
  BrokerBed(const BrokerBed&) = delete;
  BrokerBed& operator=(const BrokerBed&) = delete;

  /// The answer's text. A failed order fails the test.
  std::string order(const std::string& words);

  /// host:port of the broker, and of the proxy before it that `cut`, `hole` and `heal` steer.
  [[nodiscard]] const std::string& direct() const { return direct_; }
  [[nodiscard]] const std::string& proxied() const { return proxied_; }

 private:
  int socket_ = -1;
  std::string unread_;
  std::string direct_;
  std::string proxied_;
};

}  // namespace meterbill
