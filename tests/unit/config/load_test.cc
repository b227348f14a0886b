#include "config/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "config/agent_config.h"
#include "config/text_file.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

class LoadTest : public testing::Test {
 protected:
  /// Writes a file below the test's folder, and returns its path.
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  Result<Settings> load() {
    request_.default_file = (folder_.path() / "agent.conf").string();
    return load_settings(agent_options(), request_);
  }

  /// All messages, with the test's folder cut off the paths.
  std::string problems() {
    const auto result = load();
    if (result) return "(accepted)";
    code_ = result.error().code;
    std::string text = result.error().message;
    const std::string prefix = folder_.path().string() + "/";
    for (std::size_t at = 0; (at = text.find(prefix)) != std::string::npos;)
      text.erase(at, prefix.size());
    return text;
  }

  void say_on_command_line(const std::string& key, const std::string& text) {
    request_.command_line.push_back(
        {.key = key, .text = text, .origin = {.kind = Origin::Kind::kCommandLine}});
  }

  TempDir folder_;
  LoadRequest request_;
  Code code_ = Code::kInvalid;
};

TEST_F(LoadTest, WhoNeedsAFewKeysIsToldOfNoOther) {
  write("agent.conf", "[agent]\nintervall = 1s\ninterval = 0s\ncontrol = /run/other.sock\n[nn]\n");
  request_.only = {"agent.control", "http.listen"};
  const auto settings = load();
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings.value().get<std::string>("agent.control"), "/run/other.sock");
  write("agent.conf", "[agent]\nintervall = 1s\n[http]\nlisten = nowhere\n");
  EXPECT_EQ(problems().find("agent.conf:4: http.listen: "), 0U) << problems();
  EXPECT_EQ(problems().find("intervall"), std::string::npos);
}

TEST_F(LoadTest, WithoutAnythingAllIsDefault) {
  const auto settings = load();
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings.value().all().size(), agent_options().options.size());
  for (const Setting& setting : settings.value().all())
    EXPECT_EQ(setting.origin.kind, Origin::Kind::kDefault) << setting.name;
  EXPECT_TRUE(settings.value().files().empty());
}

TEST_F(LoadTest, LaterPlacesWinAndAreRemembered) {
  write("agent.conf",
        "[agent]\n"
        "interval = 2s\n"
        "state_dir = /from/file\n"
        "control = /from/file\n"
        "[http]\n"
        "connections_max = 1\n"
        "[log]\n"
        "level = error\n");
  write("agent.conf.d/20-b.conf", "[agent]\ninterval = 4s\n");
  write("agent.conf.d/10-a.conf",
        "agent.interval = 3s\nhttp.connections_max = 2\nlog.level=debug\n");
  write("agent.conf.d/.hidden.conf", "agent.interval = 9s\n");
  write("agent.conf.d/backup.conf~", "agent.interval = 9s\n");
  request_.environment = {{"METERBILL_AGENT_HTTP_CONNECTIONS_MAX", "3"},
                          {"METERBILL_AGENT_CONTROL", "/from/env"},
                          {"METERBILL_WORKER_CONTROL", "/of/the/worker"},
                          {"PATH", "/bin"}};
  say_on_command_line("agent.control", "/from/argv");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Settings& settings = loaded.value();
  const auto origin = [&](const char* name) {
    std::string text = to_text(settings.at(name).origin);
    return text.substr(text.rfind('/') + 1);
  };
  EXPECT_EQ(settings.get<std::chrono::microseconds>("agent.interval"), std::chrono::seconds{4});
  EXPECT_EQ(origin("agent.interval"), "20-b.conf:2");
  EXPECT_EQ(origin("log.level"), "10-a.conf:3");
  EXPECT_EQ(origin("agent.state_dir"), "agent.conf:3");
  EXPECT_EQ(settings.get<std::int64_t>("http.connections_max"), 3);
  EXPECT_EQ(origin("http.connections_max"), "environment METERBILL_AGENT_HTTP_CONNECTIONS_MAX");
  EXPECT_EQ(settings.get<std::string>("agent.control"), "/from/argv");
  EXPECT_EQ(origin("agent.control"), "command line");
  EXPECT_EQ(settings.files().size(), 3U);
}

TEST_F(LoadTest, EverythingWrongIsNamedWithPlaceAndRemedy) {
  write("agent.conf",
        "[agent]\n"
        "intervall = 10s\n"
        "interval = 10\n"
        "machine_id = -rf\n"
        "interval = 7s\n"
        "what is this\n"
        "http.listen = off\n"
        "[kafka]\n"
        "acks = 1\n"
        "Bad = 1\n"
        "agent.sink = http://a:1\n"
        "[http]\n"
        "connections_max = 0\n"
        "zzzzzz.zzzzzz = 1\n");
  request_.environment = {{"METERBILL_AGENT_INTERVALL", "10s"},
                          {"METERBILL_AGENT_LOG_LEVEL", "loud"}};
  say_on_command_line("agent.labels", "Site=x");
  EXPECT_EQ(
      problems(),
      "agent.conf:2: agent.intervall: unknown key; did you mean agent.interval?\n"
      "agent.conf:3: agent.interval: '10' needs one of the units us, ms, s, min, h, d, for example "
      "10s\n"
      "agent.conf:4: agent.machine_id: '-rf' is not a machine id: a letter or digit, then at most "
      "127 letters, digits, '.', '_', ':' or '-'\n"
      "agent.conf:5: agent.interval: set in line 3 already\n"
      "agent.conf:6: expected key = value, [section] or a comment\n"
      "agent.conf:7: http.listen stands under [agent]; move it above all sections or under its "
      "own\n"
      "agent.conf:9: kafka.acks: cannot be set: readings are kept until all in-sync replicas have "
      "them (acks=all, idempotent)\n"
      "agent.conf:10: kafka.Bad: not a librdkafka property: lower-case letters, digits and dots\n"
      "agent.conf:11: agent.sink stands under [kafka]; move it above all sections or under its "
      "own\n"
      "agent.conf:13: http.connections_max: '0' is outside the range 1 to 65535\n"
      "agent.conf:14: http.zzzzzz.zzzzzz: unknown key; `meterbill config default agent` lists all "
      "keys\n"
      "environment METERBILL_AGENT_INTERVALL: unknown variable; did you mean "
      "METERBILL_AGENT_INTERVAL?\n"
      "environment METERBILL_AGENT_LOG_LEVEL: log.level: 'loud' is not one of "
      "error|warning|notice|info|debug|trace\n"
      "command line: agent.labels: 'Site=x' is not a label: write key=value, the key of 1 to 63 of "
      "a-z 0-9 '_' '.' '-'");
  EXPECT_EQ(code_, Code::kConfig);
}

TEST_F(LoadTest, AnUnknownSectionIsNamedOnceWithTheNearestOne) {
  write("agent.conf",
        "[agnet]\ninterval = 1s\nsink = http://a:1\n[worker]\nprices = x\n[kafka]\nlinger.ms = "
        "5\n[kafka.ssl]\nca.location = /ca\n");
  EXPECT_EQ(problems(),
            "agent.conf:1: [agnet]: unknown section; did you mean [agent]?\n"
            "agent.conf:4: [worker]: unknown section; there are [agent], [http], [log], [kafka]");
}

TEST_F(LoadTest, AllProblemsOfAFileAreInTheOrderOfItsLines) {
  write("agent.conf",
        "http.listen = 10.0.0.1:5\nkafka.no.such = x\nagent.interval = soon\n[agnet]\n");
  write("agent.conf.d/a.conf", "kafka.no.such.either = x\n");
  request_.check_property = [](const std::string&, const std::string&) -> Result<void> {
    return fail(Code::kConfig, "no such property");
  };
  request_.check_together = [](const Settings& settings) {
    return agent_problems(settings, "my host");
  };
  EXPECT_EQ(problems(),
            "agent.machine_id: the host name 'my host' cannot be a machine id (a letter or digit, "
            "then at most 127 letters, digits, '.', '_', ':' or '-'); set agent.machine_id\n"
            "agent.conf:1: http.listen: others can reach 10.0.0.1:5, and there is no TLS and no "
            "login; listen on 127.0.0.1, or set http.insecure=true if the network is trusted\n"
            "agent.conf:2: kafka.no.such: no such property\n"
            "agent.conf:3: agent.interval: 'soon' is not a whole number with a unit (us, ms, s, "
            "min, h, d), for example 10s\n"
            "agent.conf:4: [agnet]: unknown section; did you mean [agent]?\n"
            "agent.conf.d/a.conf:1: kafka.no.such.either: no such property");
}

TEST_F(LoadTest, AWrongLineIsNamedEvenWhenALaterPlaceOverridesIt) {
  write("agent.conf", "agent.interval = soon\n");
  say_on_command_line("agent.interval", "1s");
  EXPECT_NE(problems().find("agent.conf:1: agent.interval"), std::string::npos);
}

TEST_F(LoadTest, AFileThatTheUserNamedMustExist) {
  request_.config_file = (folder_.path() / "missing.conf").string();
  EXPECT_EQ(problems(),
            "missing.conf: No such file or directory; --config must name an existing file");
  EXPECT_EQ(code_, Code::kNotFound);
}

TEST_F(LoadTest, AFileThatTheUserNamedReplacesTheDefaultOneAndItsDropIns) {
  write("agent.conf", "agent.interval = 2s\n");
  write("agent.conf.d/a.conf", "agent.interval = 2s\n");
  write("mine.conf.d/a.conf", "log.level = debug\n");
  request_.config_file = write("mine.conf", "agent.interval = 3s\n");
  const auto settings = load();
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings.value().at("agent.interval").shown, "3s");
  EXPECT_EQ(settings.value().at("log.level").shown, "debug");
}

TEST_F(LoadTest, DropInsAreReadByName) {
  std::vector<std::string> want;
  want.reserve(30);
  for (int i = 0; i < 30; ++i)
    want.push_back(write("d/" + std::to_string(10 + i * 7 % 30) + ".conf", ""));
  std::sort(want.begin(), want.end());
  const std::string folder = (folder_.path() / "d").string();
  EXPECT_EQ(list_conf_files(folder, 30).value(), want);
  EXPECT_EQ(list_conf_files(folder, 29).error().code, Code::kInvalid);
  EXPECT_TRUE(list_conf_files(folder + "x", 1).value().empty());
}

TEST_F(LoadTest, AHugeFileIsRefused) {
  write("agent.conf", std::string(kConfigFileBytesMax + 1, '#'));
  EXPECT_EQ(problems(), "agent.conf: larger than 1048576 bytes");
  EXPECT_EQ(code_, Code::kConfig);
}

TEST_F(LoadTest, AFolderInPlaceOfAFileIsAnError) {
  std::filesystem::create_directories(folder_.path() / "agent.conf");
  EXPECT_NE(problems().find("Is a directory"), std::string::npos);
}

TEST_F(LoadTest, OneKeyInTwoVariablesIsAnError) {
  request_.environment = {{"METERBILL_AGENT_INTERVAL", "1s"},
                          {"METERBILL_AGENT_AGENT_INTERVAL", "2s"}};
  EXPECT_EQ(problems(),
            "environment METERBILL_AGENT_INTERVAL: agent.interval is set by "
            "METERBILL_AGENT_AGENT_INTERVAL already");
}

TEST_F(LoadTest, ThereIsNoSubstitutionInValues) {
  write("agent.conf", "agent.state_dir = /${HOME}/$(x)\n");
  EXPECT_EQ(load().value().get<std::string>("agent.state_dir"), "/${HOME}/$(x)");
}

TEST_F(LoadTest, APathInAFileIsWholeForAServiceWorksInTheRoot) {
  write("agent.conf", "[agent]\nstate_dir = state\n[kafka]\nsasl.password.file = ./password\n");
  EXPECT_EQ(problems(),
            "agent.conf:2: agent.state_dir: 'state' is relative; write the whole path, from / on\n"
            "agent.conf:4: kafka.sasl.password.file: './password' is relative; write the whole "
            "path, from / on");
  EXPECT_EQ(code_, Code::kConfig);
}

TEST_F(LoadTest, WhoNeedsAKeyWithARelativePathDoesNotGetItsDefault) {
  request_.only = {"agent.control"};
  write("agent.conf", "[agent]\nstate_dir = state\n");
  EXPECT_EQ(problems(), "(accepted)");
  write("agent.conf", "[agent]\ncontrol = run/x.sock\n");
  EXPECT_EQ(problems(),
            "agent.conf:2: agent.control: 'run/x.sock' is relative; write the whole path, from / "
            "on");
}

TEST_F(LoadTest, APathOnTheCommandLineIsOfTheFolderWhereItWasTyped) {
  say_on_command_line("agent.state_dir", "state");
  EXPECT_EQ(load().value().get<std::string>("agent.state_dir"), "state");
}

TEST_F(LoadTest, WhatWasTypedWrongIsWrongUseAndNoConfiguration) {
  say_on_command_line("agent.interval", "10");
  EXPECT_NE(problems(), "(accepted)");
  EXPECT_EQ(code_, Code::kUsage);
  write("agent.conf", "agent.spool_max_bytes = 1\n");
  EXPECT_NE(problems(), "(accepted)");
  EXPECT_EQ(code_, Code::kConfig);
}

TEST_F(LoadTest, KafkaPropertiesPassThroughAndAreChecked) {
  write("agent.conf", "[kafka]\nclient.id = a b\nkafka.linger.ms = 5\nno.such = x\n");
  request_.environment = {{"METERBILL_AGENT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"}};
  request_.check_property = [](const std::string& property, const std::string&) -> Result<void> {
    if (property == "no.such") return fail(Code::kConfig, "librdkafka knows no such property");
    return ok();
  };
  EXPECT_EQ(problems(), "agent.conf:4: kafka.no.such: librdkafka knows no such property");
  request_.check_property = {};
  const std::map<std::string, std::string> want{{"client.id", "a b"},
                                                {"linger.ms", "5"},
                                                {"no.such", "x"},
                                                {"security.protocol", "SASL_SSL"}};
  EXPECT_EQ(load().value().kafka_properties(), want);
}

TEST_F(LoadTest, AReloadSaysWhatItTakesAndWhatWaits) {
  const Settings before = load().value();
  write("agent.conf",
        "agent.interval = 1s\nlog.level = debug\nagent.labels = a=b\nkafka.client.id = x\n");
  const SettingsChange change = compare(agent_options(), before, load().value());
  EXPECT_EQ(change.reloaded, (std::vector<std::string>{"agent.interval", "log.level"}));
  EXPECT_EQ(change.needs_restart, (std::vector<std::string>{"agent.labels", "kafka.client.id"}));
}

}  // namespace
}  // namespace meterbill
