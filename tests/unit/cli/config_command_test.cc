#include "cli/config_command.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "cli/cli.h"
#include "config/print.h"
#include "support/temp_dir.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

class ConfigCommandTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  int run(const std::vector<std::string>& arguments) {
    test_.out.str("");
    test_.err.str("");
    const ConfigContext context{.environment = environment_,
                                .host_name = "web-1",
                                .folder = folder_.path().string(),
                                .check_property = {},
                                .check_prices = check_prices_,
                                .service_reach = service_reach_};
    return Cli{config_commands(context)}.run(arguments, test_.terminal);
  }

  TempDir folder_;
  std::map<std::string, std::string> environment_;
  TestTerminal test_;
  std::function<Result<void>(const std::string&)> check_prices_;
  std::function<std::optional<ServiceReach>(const std::string&)> service_reach_;
};

TEST_F(ConfigCommandTest, WhatTheInstalledServiceCannotReachIsNotOk) {
  service_reach_ = [](const std::string& program) -> std::optional<ServiceReach> {
    if (program != "meterbill-worker") return std::nullopt;
    return ServiceReach{.account = {program, 900, {900}}, .rights_of = [](const std::string&) {
                          return std::optional(FileRights{0, 0, 0700});
                        }};
  };
  const std::string file = write("worker.conf", "worker.prices = /etc/p.toml\n");
  EXPECT_EQ(run({"config", "check"}), kExitConfig);
  EXPECT_NE(test_.err.str().find("/etc/p.toml: the user meterbill-worker may not"),
            std::string::npos)
      << test_.err.str();
  EXPECT_NE(test_.out.str().find("agent    ok"), std::string::npos);
  EXPECT_EQ(run({"config", "check", "worker", "--config=" + file}), kExitOk);
}

TEST_F(ConfigCommandTest, CheckLooksAtBothProgramsUnlessOneIsNamed) {
  write("agent.conf", "agent.interval = 1s\n");
  EXPECT_EQ(run({"config", "check"}), kExitOk);
  const std::string folder = folder_.path().string();
  EXPECT_EQ(test_.out.str(), "agent    ok   " + folder + "/agent.conf\nworker   ok   defaults (" +
                                 folder + "/worker.conf does not exist)\n");
  EXPECT_EQ(run({"config", "check", "worker"}), kExitOk);
  EXPECT_EQ(test_.out.str().find("agent "), std::string::npos);
}

TEST_F(ConfigCommandTest, CheckNamesEverythingWrongAndExitsWith78) {
  write("agent.conf", "agent.intervall = 1s\nagent.interval = 1\n");
  EXPECT_EQ(run({"config", "check"}), kExitConfig);
  EXPECT_NE(test_.err.str().find("agent.conf:1: agent.intervall: unknown key; did you mean "
                                 "agent.interval?\n"),
            std::string::npos)
      << test_.err.str();
  EXPECT_NE(test_.err.str().find("agent.conf:2: "), std::string::npos);
  EXPECT_NE(test_.out.str().find("worker   ok"), std::string::npos);
}

TEST_F(ConfigCommandTest, CheckPrintsJsonOfBothAlsoWhenOneIsWrong) {
  const std::string file = write("agent.conf", "agent.intervall = 1s\n");
  EXPECT_EQ(run({"config", "check", "--json"}), kExitConfig);
  const auto answer = boost::json::parse(test_.out.str());
  EXPECT_EQ(answer.at("agent").at("ok"), false);
  EXPECT_NE(answer.at("agent").at("error").as_string().find("unknown key"), std::string::npos);
  EXPECT_EQ(answer.at("worker").at("ok"), true);
  EXPECT_TRUE(answer.at("worker").at("files").as_array().empty());
  write("agent.conf", "agent.interval = 1s\n");
  EXPECT_EQ(run({"config", "check", "agent", "--json"}), kExitOk);
  EXPECT_EQ(test_.out.str(), R"({"agent":{"ok":true,"files":[")" + file + "\"]}}\n");
}

TEST_F(ConfigCommandTest, CheckSeesWhatTheProgramItselfWouldRefuse) {
  const std::string file = write("w.conf", "http.listen = 0.0.0.0:5001\n");
  EXPECT_EQ(run({"config", "check", "worker", "--config", file}), kExitConfig);
  EXPECT_NE(test_.err.str().find("http.insecure=true"), std::string::npos) << test_.err.str();
}

TEST_F(ConfigCommandTest, CheckReadsThePriceFile) {
  check_prices_ = [](const std::string& path) -> Result<void> {
    return fail(Code::kNotFound, path + ": no such file");
  };
  EXPECT_EQ(run({"config", "check"}), kExitOk) << "the built-in prices need no file";
  write("worker.conf", "worker.prices = /none.toml\n");
  EXPECT_EQ(run({"config", "check", "worker"}), kExitNoInput);
  EXPECT_EQ(test_.err.str(), "meterbill: worker.prices: /none.toml: no such file\n");
  EXPECT_EQ(run({"config", "show", "worker"}), kExitOk);
}

TEST_F(ConfigCommandTest, AMissingFileIs66) {
  EXPECT_EQ(run({"config", "check", "worker", "--config=/nonexistent/x.conf"}), kExitNoInput);
  EXPECT_NE(test_.err.str().find("/nonexistent/x.conf"), std::string::npos);
}

TEST_F(ConfigCommandTest, WrongUseIs64) {
  EXPECT_EQ(run({"config", "check", "--config=x"}), kExitUsage);
  EXPECT_EQ(run({"config", "check", "server"}), kExitUsage);
  EXPECT_EQ(run({"config", "default"}), kExitUsage);
  EXPECT_EQ(run({"config", "show", "agent", "worker"}), kExitUsage);
}

TEST_F(ConfigCommandTest, ShowSaysWhereEachValueComesFrom) {
  const std::string file = write("agent.conf", "[agent]\ninterval = 1s\n");
  environment_["METERBILL_AGENT_CONTROL"] = "/c";
  EXPECT_EQ(run({"config", "show", "agent", "--origin"}), kExitOk);
  EXPECT_NE(test_.out.str().find("# " + file + ":2\n"), std::string::npos) << test_.out.str();
  EXPECT_NE(test_.out.str().find("# environment METERBILL_AGENT_CONTROL\n"), std::string::npos);
  EXPECT_EQ(run({"config", "show"}), kExitOk);
  EXPECT_NE(test_.out.str().find("# meterbill-worker\n"), std::string::npos);
}

TEST_F(ConfigCommandTest, ShowPrintsJsonWithoutSecrets) {
  write("agent.conf", "kafka.sasl.password = \"hunter2 # \\\"x\\\"\"\n");
  EXPECT_EQ(run({"config", "show", "agent", "--json"}), kExitOk);
  EXPECT_EQ(test_.out.str().find("hunter2"), std::string::npos);
  const auto rows = boost::json::parse(test_.out.str()).at("agent").as_array();
  const auto& last = rows.back().as_object();
  EXPECT_EQ(last.at("name"), "kafka.sasl.password");
  EXPECT_EQ(last.at("value"), "(secret)");
  EXPECT_EQ(last.at("secret"), true);
  EXPECT_EQ(rows.size(), agent_options().options.size() + 1);
}

TEST_F(ConfigCommandTest, DefaultPrintsTheShippedFile) {
  EXPECT_EQ(run({"config", "default", "worker"}), kExitOk);
  EXPECT_EQ(test_.out.str(), print_conf(worker_options()));
}

}  // namespace
}  // namespace meterbill
