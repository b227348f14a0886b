#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ports/sink.h"

namespace meterbill {

/// A sink that does with each message what the test says, and remembers what it was given.
class FakeSink final : public Sink {
 public:
  std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override {
    std::vector<SendReport> reports;
    for (const OutgoingMessage& message : messages) {
      reports.push_back(answer(message));
      (reports.back().fate == Fate::kDelivered ? delivered : undelivered).push_back(message.value);
    }
    ++calls;
    return reports;
  }
  [[nodiscard]] std::string name() const override { return "fake://sink"; }

  static SendReport report(Fate fate, std::string detail = "") {
    SendReport report;
    report.fate = fate;
    report.detail = std::move(detail);
    return report;
  }

  std::function<SendReport(const OutgoingMessage&)> answer = [](const OutgoingMessage&) {
    return report(Fate::kDelivered);
  };
  std::vector<std::string> delivered;
  std::vector<std::string> undelivered;
  int calls = 0;
};

}  // namespace meterbill
