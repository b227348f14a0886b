#include "service/journal_catalog.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "agent/agent_log_events.h"
#include "ports/service_log_events.h"
#include "service/log_record.h"
#include "support/golden.h"
#include "worker/worker_log_events.h"

namespace meterbill {
namespace {

std::vector<LogEvent> all_events() {
  std::vector<LogEvent> all(agent_event::kAll.begin(), agent_event::kAll.end());
  all.insert(all.end(), worker_event::kAll.begin(), worker_event::kAll.end());
  all.insert(all.end(), service_event::kAll.begin(), service_event::kAll.end());
  return all;
}

TEST(JournalCatalogTest, TheInstalledFileIsMadeOfTheEvents) {
  expect_golden("systemd/meterbill.catalog",
                "# What the events of MeterBill mean, for `journalctl -x`.\n\n" +
                    journal_catalog(agent_event::kAll, "meterbill-agent(8)") +
                    journal_catalog(worker_event::kAll, "meterbill-worker(8)") +
                    journal_catalog(service_event::kAll, "meterbill(1)"));
}

TEST(LogEventsTest, EachHasAnIdOfItsOwnAndOfItsProgramAndIsExplained) {
  std::set<int> ids;
  std::set<std::string> messages;
  for (const LogEvent& event : all_events()) {
    EXPECT_TRUE(ids.insert(event.id).second) << event.id;
    EXPECT_TRUE(messages.insert(message_id(event)).second) << event.id;
    EXPECT_EQ(message_id(event).size(), 32U);
    EXPECT_FALSE(event.text.empty() || event.meaning.empty()) << event.id;
    EXPECT_EQ(event.text.find('\n'), std::string_view::npos) << event.id;
    const bool is_trouble = event.level <= LogLevel::kWarning;
    EXPECT_TRUE(!is_trouble || !event.remedy.empty()) << event.id << ": what is to be done?";
  }
  for (const LogEvent& event : agent_event::kAll) EXPECT_EQ(event.id / 1'000, 1);
  for (const LogEvent& event : worker_event::kAll) EXPECT_EQ(event.id / 1'000, 2);
  for (const LogEvent& event : service_event::kAll) EXPECT_EQ(event.id / 1'000, 3);
}

/// A constant that the list lacks would be missing from the catalog.
TEST(LogEventsTest, TheListsAreWhole) {
  const auto declared = [](const char* file) {
    std::ifstream input(std::string(METERBILL_SOURCE_DIR) + "/src/" + file);
    std::ostringstream text;
    text << input.rdbuf();
    const std::string source = text.str();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = source.find("constexpr LogEvent k", at)) != std::string::npos;
         ++at)
      ++count;
    return count;
  };
  EXPECT_EQ(declared("agent/agent_log_events.h"), agent_event::kAll.size());
  EXPECT_EQ(declared("worker/worker_log_events.h"), worker_event::kAll.size());
  EXPECT_EQ(declared("ports/service_log_events.h"), service_event::kAll.size());
}

}  // namespace
}  // namespace meterbill
