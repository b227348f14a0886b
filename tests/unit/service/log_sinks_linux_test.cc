#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "service/log_sinks.h"
#include "service/process.h"

namespace meterbill {
namespace {

TEST(LogSinksTest, TheJournalIsRecognisedByDeviceAndInode) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  struct stat status {};
  ASSERT_EQ(fstat(pipe_ends[1], &status), 0);
  const std::string right = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_TRUE(is_journal(right, pipe_ends[1]));
  EXPECT_FALSE(is_journal(right, STDIN_FILENO));
  EXPECT_FALSE(is_journal(fmt::format("{}:{}", status.st_dev, status.st_ino + 1), pipe_ends[1]));
  EXPECT_FALSE(is_journal("", pipe_ends[1]));
  EXPECT_FALSE(is_journal(right, -1));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(LogSinksTest, AnInheritedVariableAloneDoesNotMakeAJournal) {
  setenv("JOURNAL_STREAM", "1:1", 1);
  testing::internal::CaptureStderr();
  const LogEvent event{.id = 1, .level = LogLevel::kInfo, .text = "started"};
  const LogRecord record{.event = event, .time = {0}, .fields = {}};
  standard_error_sink("meterbill-agent")->write(record);
  unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "1970-01-01T00:00:00Z  info     started\n");
}

TEST(ProcessTest, TheEnvironmentIsReadWhole) {
  setenv("METERBILL_TEST_VARIABLE", "a=b c", 1);
  EXPECT_EQ(process_environment()["METERBILL_TEST_VARIABLE"], "a=b c");
  unsetenv("METERBILL_TEST_VARIABLE");
  EXPECT_FALSE(process_environment().contains("METERBILL_TEST_VARIABLE"));
  EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace meterbill
