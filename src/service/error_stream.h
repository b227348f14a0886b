#pragma once

#include <ostream>
#include <streambuf>
#include <string>

#include "base/clock.h"
#include "service/log_record.h"

namespace meterbill {

/// What a service says on standard error before or instead of its log, as entries of that log: with
/// the priority of an error, where plain text in the journal would have that of a remark. What is
/// said together, up to a flush or the end, is one entry of several lines. One thread.
class ErrorStream final : public std::ostream {
 public:
  /// Both outlive the object.
  ErrorStream(LogSink& sink, const Clock& clock);

 private:
  class Lines final : public std::streambuf {
   public:
    Lines(LogSink& sink, const Clock& clock) : sink_(sink), clock_(clock) {}
    ~Lines() override { write(); }

   private:
    int_type overflow(int_type c) override;
    int sync() override;
    void end_line();
    void write();

    LogSink& sink_;
    const Clock& clock_;
    std::string text_;
    std::string prefix_;  ///< of the first line: `meterbill-worker: `
    std::string line_;
  };
  Lines lines_;
};

}  // namespace meterbill
