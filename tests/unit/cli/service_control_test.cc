#include "cli/service_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>

#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class MemoryLog final : public Log {
 public:
  using Log::write;
  void write(const LogEvent& event, const LogFields& fields) override {
    if (event.level > level) return;
    std::string line = std::to_string(event.id);
    for (const LogField& field : fields) line += " " + field.name + "=" + field.value;
    lines.push_back(line);
  }
  LogLevel level = LogLevel::kInfo;
  std::vector<std::string> lines;
};

class ServiceControlTest : public testing::Test {
 protected:
  ServiceControlTest() {
    write("interval = 10s");
    const LoadRequest request{.config_file = file_,
                              .default_file = {},
                              .environment = {},
                              .command_line = {},
                              .check_property = {}};
    control_.emplace(
        ServiceControlParts{.table = agent_options(),
                            .started = {load_settings(agent_options(), request).value(), request},
                            .log = log_,
                            .set_level = [this](LogLevel level) { log_.level = level; },
                            .take = [this](const Settings&) { return take(); }});
    router_.emplace(control_->routes());
  }
  void write(const std::string& lines) { std::ofstream(file_) << "[agent]\n" << lines << "\n"; }
  WebResponse post(const std::string& path, const std::string& level = "", bool control = true) {
    WebRequest request;
    request.method = "POST";
    request.path = path;
    if (!level.empty()) request.query.emplace("level", level);
    request.control = control;
    std::promise<WebResponse> answered;
    router_->handle(request,
                    [&](WebResponse response) { answered.set_value(std::move(response)); });
    return answered.get_future().get();
  }

  Result<std::vector<std::string>> take() {
    was_reloading_ = control_->is_reloading();
    if (failure_) return *failure_;
    return std::vector<std::string>();
  }

  TempDir folder_;
  std::string file_ = (folder_.path() / "agent.conf").string();
  MemoryLog log_;
  std::optional<Error> failure_;
  std::atomic<bool> was_reloading_ = false;
  std::optional<ServiceControl> control_;
  std::optional<Router> router_;
};

TEST_F(ServiceControlTest, AReloadSaysWhatWasTaken) {
  write("interval = 2s\nlabels = site=a");
  const WebResponse response = post("/api/v1/reload");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body, R"({"taken":["agent.interval"],"needs_restart":["agent.labels"]})");
  EXPECT_THAT(log_.lines, ElementsAre("3001 TAKEN=agent.interval WAIT_FOR_RESTART=agent.labels"));
}

TEST_F(ServiceControlTest, AMistakeIsRefusedWithAllThatIsWrong) {
  write("interval = 2s\nnonsense = 1");
  const WebResponse response = post("/api/v1/reload");
  EXPECT_EQ(response.status, 422U);
  EXPECT_THAT(response.body, HasSubstr("agent.nonsense: unknown key"));
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("3002 ERROR=")));
}

TEST_F(ServiceControlTest, MistakesAreOneLineInTheLogAndOneEachInTheAnswer) {
  write("nonsense = 1\nmore = 2");
  EXPECT_THAT(post("/api/v1/reload").body, HasSubstr("all keys\\n"));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("all keys; /"), Not(HasSubstr("\n")))));
}

TEST_F(ServiceControlTest, WhatIsOfTheMomentIsNoMistakeOfTheConfiguration) {
  const std::vector<std::pair<Code, unsigned>> answers{
      {Code::kConfig, 422},   {Code::kInvalid, 422},     {Code::kNotFound, 422},
      {Code::kDiskFull, 507}, {Code::kUnavailable, 503}, {Code::kIo, 500},
      {Code::kDamaged, 500}};
  for (const auto& [code, status] : answers) {
    log_.lines.clear();
    failure_ = fail(code, "the reason");
    EXPECT_EQ(post("/api/v1/reload").status, status);
    EXPECT_THAT(log_.lines,
                ElementsAre(status == 422 ? "3002 ERROR=the reason" : "3005 ERROR=the reason"));
  }
}

TEST_F(ServiceControlTest, WhileItReloadsItSaysSo) {
  EXPECT_FALSE(control_->is_reloading());
  EXPECT_EQ(post("/api/v1/reload").status, 200U);
  EXPECT_TRUE(was_reloading_);
  control_->stop();
  EXPECT_FALSE(control_->is_reloading());
}

TEST_F(ServiceControlTest, HowMuchIsLoggedIsSetAtOnceAndToldWhicheverWayItGoes) {
  EXPECT_EQ(post("/api/v1/log-level", "debug").body, R"({"level":"debug"})");
  EXPECT_EQ(log_.level, LogLevel::kDebug);
  EXPECT_EQ(post("/api/v1/log-level", "loud").status, 400U);
  EXPECT_EQ(post("/api/v1/log-level").status, 400U);
  EXPECT_EQ(log_.level, LogLevel::kDebug);
  EXPECT_EQ(post("/api/v1/log-level", "error").status, 200U);
  EXPECT_EQ(post("/api/v1/log-level", "info").status, 200U);
  EXPECT_THAT(log_.lines, ElementsAre("3003 LEVEL=debug", "3003 LEVEL=error", "3003 LEVEL=info"));
}

TEST_F(ServiceControlTest, NothingOfItIsDoneForWhoeverReachesTheServer) {
  EXPECT_EQ(post("/api/v1/reload", "", false).status, 403U);
  EXPECT_EQ(post("/api/v1/log-level", "debug", false).status, 403U);
  EXPECT_EQ(log_.level, LogLevel::kInfo);
}

TEST_F(ServiceControlTest, AfterTheEndNothingBegins) {
  control_->stop();
  EXPECT_EQ(post("/api/v1/reload").status, 503U);
  control_->reload_soon();
  EXPECT_THAT(log_.lines, ElementsAre());
}

}  // namespace
}  // namespace meterbill
