#include "service/error_stream.h"

#include <gtest/gtest.h>

#include "unit/service/stepped_clock.h"

namespace meterbill {
namespace {

class MemorySink final : public LogSink {
 public:
  void write(const LogRecord& record) override {
    for (const std::string& entry : journal_entries(record, "x"))
      if (entry.starts_with("MESSAGE=") || entry.starts_with("PRIORITY=")) lines += entry + "\n";
  }
  std::string lines;
};

TEST(ErrorStreamTest, WhatIsSaidIsAnErrorOfTheLog) {
  SteppedClock clock;
  MemorySink sink;
  {
    ErrorStream stream(sink, clock);
    stream << "meterbill-agent: /etc/x:" << 9 << ": unknown key\n\n" << std::flush;
    EXPECT_EQ(sink.lines, "MESSAGE=meterbill-agent: /etc/x:9: unknown key\nPRIORITY=3\n");
    sink.lines.clear();
    stream << "without an end";
    EXPECT_EQ(sink.lines, "");
  }
  EXPECT_EQ(sink.lines, "MESSAGE=without an end\nPRIORITY=3\n");
}

TEST(ErrorStreamTest, WhatIsSaidTogetherIsOneEntryThatNamesTheProgramOnce) {
  SteppedClock clock;
  MemorySink sink;
  {
    ErrorStream stream(sink, clock);
    stream << "meterbill-worker: it is damaged:\nmeterbill-worker:   mkdir x && mv y* x/\n";
    EXPECT_EQ(sink.lines, "");
  }
  EXPECT_EQ(sink.lines,
            "MESSAGE=meterbill-worker: it is damaged:\n  mkdir x && mv y* x/\nPRIORITY=3\n");
}

}  // namespace
}  // namespace meterbill
