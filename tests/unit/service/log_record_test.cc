#include "service/log_record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterbill {
namespace {

const LogFields kBroker{{"BROKER", "kafka-1:9092"}, {"WAITING", "42"}};

TEST(LogRecordTest, ALineHasTimeLevelEventAndFields) {
  const LogRecord record{.level = LogLevel::kNotice,
                         .time = {1'795'342'500'123'456},
                         .event = "broker unreachable",
                         .fields = kBroker};
  EXPECT_EQ(console_line(record),
            "2026-11-22T10:15:00Z  notice   broker unreachable  broker=kafka-1:9092 waiting=42");
}

TEST(LogRecordTest, ASummarySaysHowManyThereWere) {
  LogRecord record{.level = LogLevel::kNotice,
                   .time = {0},
                   .event = "broker unreachable",
                   .fields = {},
                   .repeated = 41,
                   .period = std::chrono::minutes{10}};
  EXPECT_EQ(message_text(record), "broker unreachable (41 more in 10 min)");
  record.period = std::chrono::seconds{59};
  EXPECT_EQ(message_text(record), "broker unreachable (41 more in 59 s)");
}

TEST(LogRecordTest, AFieldCanNeitherSteerATerminalNorFakeALine) {
  const LogFields fields{{"NAME", "a\n2026 error \x1b[31m"},
                         {"EMPTY", ""},
                         {"QUOTE", "say \"x\" \\"},
                         {"PAIR", "b=c"},
                         {"UTF8", "größe"},
                         {"C1", "\u009b31m"},
                         {"BIDI", "gpj.\u202Eexe"},
                         {"BYTES", "no utf8 \xff\x9b"}};
  const LogRecord record{.level = LogLevel::kInfo, .time = {0}, .event = "e", .fields = fields};
  EXPECT_EQ(message_text(record),
            "e  name=\"a\\x0a2026 error \\x1b[31m\" empty=\"\" quote=\"say \\\"x\\\" \\\\\" "
            "pair=\"b=c\" utf8=größe c1=\"\\u009b31m\" bidi=\"gpj.\\u202eexe\" "
            "bytes=\"no utf8 \\xff\\x9b\"");
}

TEST(LogRecordTest, TheJournalGetsPriorityAndFields) {
  const LogFields fields{{"BROKER", "kafka-1"}, {"odd name", "x\ny"}};
  const LogRecord record{
      .level = LogLevel::kWarning, .time = {0}, .event = "broker unreachable", .fields = fields};
  EXPECT_EQ(journal_entries(record, "meterbill-agent"),
            (std::vector<std::string>{
                "MESSAGE=broker unreachable  broker=kafka-1 odd name=\"x\\x0ay\"", "PRIORITY=4",
                "SYSLOG_IDENTIFIER=meterbill-agent", "METERBILL_EVENT=broker unreachable",
                "METERBILL_BROKER=kafka-1", "METERBILL_ODD_NAME=x\ny"}));
}

TEST(LogRecordTest, LevelsHaveTheirPriorities) {
  EXPECT_EQ(journal_priority(LogLevel::kError), 3);
  EXPECT_EQ(journal_priority(LogLevel::kWarning), 4);
  EXPECT_EQ(journal_priority(LogLevel::kNotice), 5);
  EXPECT_EQ(journal_priority(LogLevel::kInfo), 6);
  EXPECT_EQ(journal_priority(LogLevel::kDebug), 7);
  EXPECT_EQ(journal_priority(LogLevel::kTrace), 7);
}

TEST(LogLevelTest, NamesAreReadBack) {
  for (const std::string_view name : kLogLevelNames)
    EXPECT_EQ(to_string(parse_log_level(name).value()), name);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace meterbill
