#include "service/event_messages.h"

#include <gtest/gtest.h>

#include <array>

#include "agent/agent_log_events.h"
#include "ports/service_log_events.h"
#include "support/golden.h"
#include "worker/worker_log_events.h"

namespace meterbill {
namespace {

TEST(EventMessagesTest, TheMessageTableIsMadeOfTheEvents) {
  expect_golden("windows-service/events.mc",
                "; // What the events of MeterBill mean, for Windows' event log.\n\n"
                "LanguageNames=(English=0x409:MSG00409)\n\n" +
                    event_messages(agent_event::kAll) + event_messages(worker_event::kAll) +
                    event_messages(service_event::kAll));
}

TEST(EventMessagesTest, APercentSignInsertsNothing) {
  const std::array events{LogEvent{.id = 1999, .text = "t", .meaning = "5 % of %2", .remedy = ""}};
  EXPECT_EQ(event_messages(events),
            "MessageId=1999\nSeverity=Success\nLanguage=English\n%1\n\n5 %% of %%2\n.\n\n");
}

}  // namespace
}  // namespace meterbill
