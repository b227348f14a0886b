#include "config/man_settings.h"

#include <gmock/gmock.h>

#include "config/kafka_properties.h"
#include "config/man_page.h"
#include "support/golden.h"
#include "support/man_page_check.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

std::string pages_folder() { return std::string(METERBILL_SOURCE_DIR) + "/packaging/man/"; }

TEST(ManSettingsTest, TheShippedPagesAreWhatTheTablesSay) {
  expect_golden("packaging/man/meterbill.conf.5", man_settings(agent_options(), worker_options()));
  expect_golden("packaging/man/meterbill-agent.8", man_service(agent_options()));
  expect_golden("packaging/man/meterbill-worker.8", man_service(worker_options()));
  expect_golden("packaging/man/meterbill-prices.5", man_prices());
}

TEST(ManSettingsTest, EveryKeyStandsThereWithItsVariable) {
  const std::string page = man_settings(agent_options(), worker_options());
  for (const OptionTable* table : {&agent_options(), &worker_options()})
    for (const Option& option : table->options) {
      std::string item = roff_text("`" + std::string(option.name) + "`");
      EXPECT_THAT(page, HasSubstr(".TP\n" + item));
      EXPECT_THAT(page, HasSubstr("\\fB" + table->environment_name(option.name) + "\\fP"));
    }
  for (const DeniedProperty& denied : denied_kafka_properties())
    EXPECT_THAT(page, HasSubstr("\\fB" + std::string(denied.name) + "\\fP\n"));
}

TEST(ManSettingsTest, SaysWhatAReloadTakesOver) {
  const OptionTable table{
      .program = "p",
      .short_name = "p",
      .summary = "Does.",
      .options = {
          {.name = "p.a", .standard = "x", .help = "One."},
          {.name = "p.b", .standard = "x", .help = "Two.", .secret = true, .reloadable = true}}};
  const std::string page = man_settings(table, table);
  EXPECT_THAT(page, HasSubstr("One.\n.IP\nType: text; default x.\nNeeds a restart.\n"));
  EXPECT_THAT(page, HasSubstr("Two.\n.IP\nType: text; default x.\nA reload takes it over.\n"));
  EXPECT_THAT(page, HasSubstr("\\fBMETERBILL_P_B\\fP.\nSecret: never on the command line.\n"));
  EXPECT_THAT(man_service(table), testing::Not(HasSubstr("p.b")));
}

TEST(ManSettingsTest, ManReadsThePagesWithoutAWarning) {
  expect_readable_page(pages_folder() + "meterbill.conf.5", "meterbill.conf");
  expect_readable_page(pages_folder() + "meterbill-agent.8", "meterbill-agent");
  expect_readable_page(pages_folder() + "meterbill-worker.8", "meterbill-worker");
  expect_readable_page(pages_folder() + "meterbill-prices.5", "meterbill-prices");
}

}  // namespace
}  // namespace meterbill
