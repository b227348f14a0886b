#include "cli/windows_service_commands.h"

#include <gmock/gmock.h>

#include "cli/cli.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A manager whose services go through the given states, one a look.
class ScriptedManager final : public ServiceManager {
 public:
  Result<ServiceFacts> look(const WindowsService& service) override {
    if (missing == service.short_name) return fail(Code::kNotFound, "not installed");
    ServiceFacts facts{.state = states.at(std::min(looks++, states.size() - 1)),
                       .process = 0,
                       .exit_code = exit_code,
                       .start = "automatic, delayed",
                       .account = service.account()};
    if (facts.state == ServiceState::kRunning) facts.process = 1234;
    return facts;
  }
  Result<void> install(const WindowsService& service) override { return done("install", service); }
  Result<std::vector<std::string>> configure(const WindowsService& service,
                                             const ServiceFiles& files) override {
    MB_TRYV(done("configure with " + files.configuration_text, service));
    return lacking;
  }
  Result<void> remove(const WindowsService& service) override { return done("remove", service); }
  Result<void> start(const WindowsService& service) override { return done("start", service); }
  Result<void> stop(const WindowsService& service) override { return done("stop", service); }

  Result<void> done(const std::string& what, const WindowsService& service) {
    if (refusal) return *refusal;
    orders.push_back(what + " " + std::string(service.name));
    return ok();
  }

  std::vector<ServiceState> states{ServiceState::kStopped};
  std::size_t looks = 0;
  std::int64_t exit_code = 0;
  std::string missing;
  std::optional<Error> refusal;
  std::vector<std::string> lacking;
  std::vector<std::string> orders;
};

class WindowsServiceCommandsTest : public testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    test_.out.str("");
    test_.err.str("");
    manager_->looks = 0;
    manager_->orders.clear();
    const ServiceCommandParts parts{
        .manager = manager_,
        .files =
            [](const WindowsService& service) {
              const std::string folder = "D:\\" + std::string(service.short_name);
              return ServiceFiles{folder + ".conf", "# new", {folder}};
            },
        .wait = [this](std::chrono::milliseconds) { return interrupted_; }};
    return Cli{windows_service_commands(parts)}.run(arguments, test_.terminal);
  }

  std::shared_ptr<ScriptedManager> manager_ = std::make_shared<ScriptedManager>();
  bool interrupted_ = false;
  TestTerminal test_;
};

TEST_F(WindowsServiceCommandsTest, AStartWaitsUntilTheServiceRuns) {
  manager_->states = {ServiceState::kStarting, ServiceState::kStarting, ServiceState::kRunning};
  EXPECT_EQ(run({"service", "start", "agent"}), kExitOk);
  EXPECT_THAT(manager_->orders, ElementsAre("start MeterBillAgent"));
  EXPECT_EQ(manager_->looks, 3U);
  EXPECT_EQ(test_.out.str(), "MeterBillAgent runs\n");
}

TEST_F(WindowsServiceCommandsTest, AServiceThatEndsWhileItStartsIsAFailureThatSaysWhereToLook) {
  manager_->states = {ServiceState::kStarting, ServiceState::kStopped};
  manager_->exit_code = 78;
  EXPECT_EQ(run({"service", "start", "worker"}), kExitUnavailable);
  EXPECT_EQ(test_.err.str(),
            "meterbill: MeterBillWorker ended with 78 while it started; the Application log of the "
            "Event Viewer says why (source MeterBillWorker)\n");
}

TEST_F(WindowsServiceCommandsTest, ACtrlCEndsTheWaitAndNotTheService) {
  manager_->states = {ServiceState::kStarting};
  interrupted_ = true;
  EXPECT_EQ(run({"service", "start", "agent"}), kExitTemporary);
  EXPECT_THAT(test_.err.str(), HasSubstr("is starting still"));
  manager_->states = {ServiceState::kStopping};
  EXPECT_EQ(run({"service", "stop", "agent"}), kExitTemporary);
  EXPECT_THAT(test_.err.str(), HasSubstr("is stopping still"));
}

TEST_F(WindowsServiceCommandsTest, StatusShowsWhatIsInstalled) {
  manager_->states = {ServiceState::kRunning, ServiceState::kStopped};
  manager_->exit_code = 3;
  EXPECT_EQ(run({"service", "status"}), kExitOk);
  EXPECT_EQ(test_.out.str(),
            "agent    running   process 1234  start: automatic, delayed  as NT "
            "SERVICE\\MeterBillAgent\n"
            "worker   stopped   ended with 3  start: automatic, delayed  as NT "
            "SERVICE\\MeterBillWorker\n");
  EXPECT_EQ(run({"service", "status", "agent", "--json"}), kExitOk);
  EXPECT_EQ(
      test_.out.str(),
      R"({"services":[{"service":"MeterBillAgent","state":"running","process":1234,)"
      R"("exit_code":3,"start":"automatic, delayed","account":"NT SERVICE\\MeterBillAgent"}]})"
      "\n");
  manager_->missing = "agent";
  EXPECT_EQ(run({"service", "status"}), kExitOk);
  EXPECT_THAT(test_.out.str(), testing::StartsWith("worker "));
  EXPECT_EQ(run({"service", "status", "agent"}), kExitNoInput);
}

TEST_F(WindowsServiceCommandsTest, AnInstallationIsConfiguredAtOnce) {
  manager_->lacking = {"this Windows has no service SID"};
  EXPECT_EQ(run({"service", "install", "worker"}), kExitOk);
  EXPECT_THAT(manager_->orders,
              ElementsAre("install MeterBillWorker", "configure with # new MeterBillWorker"));
  EXPECT_EQ(test_.out.str(),
            "MeterBillWorker is configured; its settings are in D:\\worker.conf\n");
  EXPECT_EQ(test_.err.str(), "meterbill: this Windows has no service SID\n");
}

TEST_F(WindowsServiceCommandsTest, ARemovalStopsItFirstAndSaysWhatStays) {
  EXPECT_EQ(run({"service", "remove", "agent"}), kExitOk);
  EXPECT_THAT(manager_->orders, ElementsAre("stop MeterBillAgent", "remove MeterBillAgent"));
  EXPECT_THAT(test_.out.str(), HasSubstr("D:\\agent.conf and what is in D:\\agent stay\n"));
}

TEST_F(WindowsServiceCommandsTest, WhatTheManagerRefusesIsSaid) {
  manager_->refusal = fail(Code::kPermission, "run this as an administrator");
  for (const char* const order : {"start", "stop", "configure", "install", "remove"}) {
    EXPECT_EQ(run({"service", order, "agent"}), kExitPermission) << order;
    EXPECT_EQ(test_.err.str(), "meterbill: run this as an administrator\n");
  }
}

TEST_F(WindowsServiceCommandsTest, WhichOneMustBeSaid) {
  EXPECT_EQ(run({"service", "start"}), kExitUsage);
  EXPECT_EQ(run({"service", "start", "agnt"}), kExitUsage);
  EXPECT_EQ(test_.err.str().substr(0, 41), "meterbill: 'agnt' is neither agent nor wo");
}

TEST_F(WindowsServiceCommandsTest, WithoutAManagerThereAreNoCommands) {
  EXPECT_TRUE(windows_service_commands({}).empty());
}

}  // namespace
}  // namespace meterbill
