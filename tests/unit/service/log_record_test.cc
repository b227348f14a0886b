#include "service/log_record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterbill {
namespace {

constexpr LogEvent kUnreachable{
    .id = 1030, .level = LogLevel::kNotice, .text = "broker unreachable"};

const LogFields kBroker{{"BROKER", "kafka-1:9092"}, {"WAITING", "42"}};

TEST(LogRecordTest, ALineHasTimeLevelEventAndFields) {
  const LogRecord record{.event = kUnreachable, .time = {1'795'342'500'123'456}, .fields = kBroker};
  EXPECT_EQ(console_line(record),
            "2026-11-22T10:15:00Z  notice   broker unreachable  broker=kafka-1:9092 waiting=42");
}

TEST(LogRecordTest, ASummarySaysHowManyThereWere) {
  LogRecord record{.event = kUnreachable,
                   .time = {0},
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
  const LogEvent event{.id = 1, .level = LogLevel::kInfo, .text = "e"};
  const LogRecord record{.event = event, .time = {0}, .fields = fields};
  EXPECT_EQ(message_text(record),
            "e  name=\"a\\x0a2026 error \\x1b[31m\" empty=\"\" quote=\"say \\\"x\\\" \\\\\" "
            "pair=\"b=c\" utf8=größe c1=\"\\u009b31m\" bidi=\"gpj.\\u202eexe\" "
            "bytes=\"no utf8 \\xff\\x9b\"");
}

TEST(LogRecordTest, TheJournalGetsPriorityAndFields) {
  const LogFields fields{{"BROKER", "kafka-1"}, {"odd name", "x\ny"}};
  const LogRecord record{.event = kUnreachable, .time = {0}, .fields = fields};
  EXPECT_EQ(journal_entries(record, "meterbill-agent"),
            (std::vector<std::string>{
                "MESSAGE=broker unreachable  broker=kafka-1 odd name=\"x\\x0ay\"",
                "MESSAGE_ID=9c4e1f7a0b6d4d0ea3d25c8b17f60406", "PRIORITY=5",
                "SYSLOG_IDENTIFIER=meterbill-agent", "METERBILL_EVENT=broker unreachable",
                "METERBILL_EVENT_ID=1030", "METERBILL_BROKER=kafka-1", "METERBILL_ODD_NAME=x\ny"}));
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
