#include <gtest/gtest.h>

#include "config/agent_config.h"
#include "config/worker_config.h"

namespace meterbill {
namespace {

/// Settings said on the command line, nothing read from disk.
Settings settings_of(const OptionTable& table,
                     const std::vector<std::pair<std::string, std::string>>& said) {
  LoadRequest request{.config_file = {},
                      .default_file = "/nonexistent/meterbill.conf",
                      .environment = {},
                      .command_line = {},
                      .check_property = {}};
  for (const auto& pair : said)
    request.command_line.push_back(
        {.key = pair.first, .text = pair.second, .origin = {.kind = Origin::Kind::kCommandLine}});
  auto settings = load_settings(table, request);
  EXPECT_TRUE(settings) << (settings ? "" : settings.error().message);
  return std::move(settings).value();
}

TEST(AgentConfigTest, DefaultsAreThoseOfTheDesign) {
  const auto made = make_agent_config(settings_of(agent_options(), {}), "web-1");
  ASSERT_TRUE(made) << made.error().message;
  const AgentConfig& config = made.value();
  EXPECT_EQ(config.machine_id, MachineId{"web-1"});
  EXPECT_EQ(config.interval, std::chrono::seconds{10});
  EXPECT_EQ(to_text(std::get<HttpUrl>(config.sink)), "http://127.0.0.1:5001");
  EXPECT_EQ(config.spool_max_bytes, 64 << 20);
  EXPECT_EQ(config.http.listen, (HostPort{.host = "127.0.0.1", .port = 5002}));
  EXPECT_EQ(config.http.connections_max, 512);
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
}

TEST(AgentConfigTest, AHostNameThatCannotBeAMachineIdNamesTheKey) {
  for (const char* host : {"", "-rf", "my host", "h\xc3\xb6st"}) {
    const auto made = make_agent_config(settings_of(agent_options(), {}), host);
    ASSERT_FALSE(made) << host;
    EXPECT_EQ(made.error().code, Code::kConfig);
    EXPECT_NE(made.error().message.find("set agent.machine_id"), std::string::npos);
  }
  const auto made =
      make_agent_config(settings_of(agent_options(), {{"agent.machine_id", "web-1"}}), "my host");
  EXPECT_EQ(made.value().machine_id, MachineId{"web-1"});
}

TEST(AgentConfigTest, EveryProblemIsNamed) {
  const auto made =
      make_agent_config(settings_of(agent_options(), {{"http.listen", "0.0.0.0:5002"}}), "-rf");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("agent.machine_id: the host name '-rf'"), std::string::npos);
  EXPECT_NE(made.error().message.find("\ncommand line: http.listen: others can reach 0.0.0.0:5002"),
            std::string::npos)
      << made.error().message;
}

TEST(WorkerConfigTest, AnAddressOthersCanReachNeedsInsecure) {
  const auto refused =
      make_worker_config(settings_of(worker_options(), {{"http.listen", "[2001:db8::1]:5001"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_NE(refused.error().message.find("http.insecure=true"), std::string::npos);
  EXPECT_TRUE(make_worker_config(settings_of(
      worker_options(), {{"http.listen", "[2001:db8::1]:5001"}, {"http.insecure", "true"}})));
  EXPECT_TRUE(make_worker_config(settings_of(worker_options(), {{"http.listen", "[::1]:5001"}})));
}

TEST(WorkerConfigTest, AWorkerWithoutAnySourceIsRefused) {
  EXPECT_FALSE(make_worker_config(settings_of(worker_options(), {{"http.listen", "off"}})));
  const auto made = make_worker_config(settings_of(
      worker_options(), {{"http.listen", "off"}, {"worker.kafka", "kafka://a:1,b:2/t"}}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(broker_list(*made.value().kafka_url), "a:1,b:2");
  EXPECT_EQ(made.value().http.listen, std::nullopt);
}

TEST(WorkerConfigTest, BootstrapServersReplaceTheBrokersThatAreShown) {
  const auto made =
      make_worker_config(settings_of(worker_options(), {{"worker.kafka", "kafka://a:1/t"},
                                                        {"kafka.bootstrap.servers", "c:3,d"},
                                                        {"kafka.client.id", "x"}}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(to_text(*made.value().kafka_url), "kafka://c:3,d:9092/t");
  EXPECT_EQ(made.value().kafka, (std::map<std::string, std::string>{{"client.id", "x"}}));
  const auto wrong = make_worker_config(settings_of(
      worker_options(), {{"worker.kafka", "kafka://a:1/t"}, {"kafka.bootstrap.servers", "c:x"}}));
  EXPECT_NE(wrong.error().message.find("command line: kafka.bootstrap.servers: port 'x'"),
            std::string::npos);
}

TEST(WorkerConfigTest, AccountsAreRefusedUntilTheyAreBilled) {
  const auto made = make_worker_config(
      settings_of(worker_options(), {{"worker.accounts", "/etc/accounts.toml"}}));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUsage);
  EXPECT_EQ(
      made.error().message,
      "command line: worker.accounts: accounts are not billed yet; remove this key, and bills "
      "are made for each machine");
}

TEST(WorkerConfigTest, EveryKeyReachesItsMember) {
  const auto made =
      make_worker_config(settings_of(worker_options(), {{"worker.state_dir", "/s"},
                                                        {"worker.prices", "/p"},
                                                        {"worker.control", "/c"},
                                                        {"worker.batch_max", "7"},
                                                        {"worker.batch_age", "8ms"},
                                                        {"evidence.keep", "9d"},
                                                        {"evidence.max_bytes", "10MiB"},
                                                        {"quarantine.max_bytes", "11MiB"},
                                                        {"usage.reach_back", "12d"},
                                                        {"log.level", "trace"},
                                                        {"http.allowed_hosts", "a.example,b"},
                                                        {"http.connections_max", "13"}}));
  ASSERT_TRUE(made) << made.error().message;
  const WorkerConfig& config = made.value();
  EXPECT_EQ(config.state_dir + config.prices + config.control, "/s/p/c");
  EXPECT_EQ(config.batch_max, 7);
  EXPECT_EQ(config.batch_age, std::chrono::milliseconds{8});
  EXPECT_EQ(config.evidence_keep, std::chrono::days{9});
  EXPECT_EQ(config.evidence_max_bytes, 10 << 20);
  EXPECT_EQ(config.quarantine_max_bytes, 11 << 20);
  EXPECT_EQ(config.usage_reach_back, std::chrono::days{12});
  EXPECT_EQ(config.log_level, LogLevel::kTrace);
  EXPECT_EQ(config.http.allowed_hosts, (std::vector<std::string>{"a.example", "b"}));
  EXPECT_EQ(config.http.connections_max, 13);
}

TEST(AgentConfigTest, EveryKeyReachesItsMember) {
  const auto made =
      make_agent_config(settings_of(agent_options(), {{"agent.state_dir", "/s"},
                                                      {"agent.control", "/c"},
                                                      {"agent.source_root", "/r"},
                                                      {"agent.labels", "site=lab-3"},
                                                      {"agent.spool_max_bytes", "2MiB"},
                                                      {"agent.interval", "3s"},
                                                      {"agent.sink", "kafka://a/t"},
                                                      {"http.listen", "off"},
                                                      {"log.level", "error"}}),
                        "web-1");
  ASSERT_TRUE(made) << made.error().message;
  const AgentConfig& config = made.value();
  EXPECT_EQ(config.state_dir + config.control + config.source_root, "/s/c/r");
  EXPECT_EQ(config.labels, (Labels{{"site", "lab-3"}}));
  EXPECT_EQ(config.spool_max_bytes, 2 << 20);
  EXPECT_EQ(config.interval, std::chrono::seconds{3});
  EXPECT_EQ(to_text(std::get<KafkaUrl>(config.sink)), "kafka://a:9092/t");
  EXPECT_EQ(config.http.listen, std::nullopt);
  EXPECT_EQ(config.log_level, LogLevel::kError);
}

}  // namespace
}  // namespace meterbill
