#include "config/live_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LiveSettingsTest : public testing::Test {
 protected:
  LiveSettingsTest() {
    write("interval = 10s");
    live_.emplace(agent_options(), request(), load_settings(agent_options(), request()).value());
  }
  LoadRequest request() const {
    return {.config_file = file_,
            .default_file = {},
            .environment = {},
            .command_line = {},
            .check_property = {}};
  }
  void write(const std::string& lines) { std::ofstream(file_) << "[agent]\n" << lines << "\n"; }
  Result<Reloaded> reload() {
    return live_->reload([this](const Settings& next) -> Result<std::vector<std::string>> {
      ++taken_;
      if (refusal_) return *refusal_;
      interval_ = next.at("agent.interval").shown;
      return besides_;
    });
  }

  TempDir folder_;
  std::string file_ = (folder_.path() / "agent.conf").string();
  std::optional<LiveSettings> live_;
  std::optional<Error> refusal_;
  std::vector<std::string> besides_;
  std::string interval_ = "10s";
  int taken_ = 0;
};

TEST_F(LiveSettingsTest, WhatMayChangeIsTakenAndTheRestIsNamed) {
  write("interval = 2s\nsink = http://127.0.0.1:9");
  Reloaded reloaded = reload().value();
  EXPECT_THAT(reloaded.taken, ElementsAre("agent.interval"));
  EXPECT_THAT(reloaded.needs_restart, ElementsAre("agent.sink"));
  EXPECT_EQ(interval_, "2s");
  // Taken is taken; what waits for a restart goes on waiting.
  reloaded = reload().value();
  EXPECT_THAT(reloaded.taken, IsEmpty());
  EXPECT_THAT(reloaded.needs_restart, ElementsAre("agent.sink"));
  write("interval = 2s");
  EXPECT_THAT(reload().value().needs_restart, IsEmpty());
}

TEST_F(LiveSettingsTest, AMistakeAnywhereChangesNothing) {
  write("interval = 2s\nintervall = 3s");
  const auto refused = reload();
  EXPECT_EQ(refused.error().code, Code::kConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("agent.conf:3: agent.intervall: unknown key"));
  EXPECT_EQ(taken_, 0);
  EXPECT_EQ(interval_, "10s");
}

TEST_F(LiveSettingsTest, WhatTheProgramRefusesIsNotTaken) {
  write("interval = 2s");
  refusal_ = fail(Code::kConfig, "prices");
  EXPECT_EQ(reload().error().message, "prices");
  refusal_.reset();
  EXPECT_THAT(reload().value().taken, ElementsAre("agent.interval")) << "still to be taken";
}

TEST_F(LiveSettingsTest, WhatTheProgramReadBesidesIsNamed) {
  besides_ = {"prices"};
  EXPECT_THAT(reload().value().taken, ElementsAre("prices"));
}

}  // namespace
}  // namespace meterbill
