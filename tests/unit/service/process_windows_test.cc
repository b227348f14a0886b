#include <gtest/gtest.h>
#include <windows.h>

#include <ctime>

#include "base/clock.h"
#include "service/log_sinks.h"
#include "service/process.h"
#include "service/service_program.h"

namespace meterbill {
namespace {

TEST(ProcessTest, TheEnvironmentIsReadWholeAndAsUtf8) {
  SetEnvironmentVariableW(L"METERBILL_TEST_VARIABLE", L"a=b \u00e4\u20ac");
  EXPECT_EQ(process_environment()["METERBILL_TEST_VARIABLE"], "a=b \xc3\xa4\xe2\x82\xac");
  SetEnvironmentVariableW(L"METERBILL_TEST_VARIABLE", nullptr);
  EXPECT_FALSE(process_environment().contains("METERBILL_TEST_VARIABLE"));
}

TEST(ProcessTest, TheMachineHasAName) { EXPECT_FALSE(host_name().empty()); }

TEST(ProcessTest, TheOffsetIsThatOfTheMachineAtThatTime) {
  // By the C library, which reads the machine's rules itself.
  const UtcTime now = SystemClock().now().utc;
  const std::time_t seconds = now.us / 1'000'000;
  std::tm local{};
  ASSERT_EQ(localtime_s(&local, &seconds), 0);
  EXPECT_EQ(utc_offset_minutes(now), (_mkgmtime(&local) - seconds) / 60);
}

TEST(ProcessTest, StartedByAPersonItIsNoServiceAndSaysWhatHappensOnTheConsole) {
  ASSERT_EQ(windows_service_name(), "");
  testing::internal::CaptureStderr();
  const LogEvent event{.id = 1, .level = LogLevel::kInfo, .text = "started"};
  const LogRecord record{.event = event, .time = {0}, .fields = {}};
  standard_error_sink("MeterBillAgent")->write(record);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "1970-01-01T00:00:00Z  info     started\n");
}

}  // namespace
}  // namespace meterbill
