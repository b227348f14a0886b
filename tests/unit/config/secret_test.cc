// Secrets arrive whole, whatever characters they hold, and leave through no message and no print.
#include <gtest/gtest.h>

#include <fstream>

#include "config/load.h"
#include "config/print.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

class SecretTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  Result<Settings> load(const std::string& conf) {
    request_.config_file = write("worker.conf", conf);
    return load_settings(worker_options(), request_);
  }

  /// The password that librdkafka would get.
  std::string password(const std::string& conf) {
    const auto settings = load(conf);
    if (!settings) return "!" + settings.error().message;
    return settings.value().kafka_properties()["sasl.password"];
  }

  TempDir folder_;
  LoadRequest request_;
};

TEST_F(SecretTest, ArrivesWhole) {
  EXPECT_EQ(password("kafka.sasl.password = pa#ss;w'or\"d$x\\y\n"), "pa#ss;w'or\"d$x\\y");
  EXPECT_EQ(password("kafka.sasl.password = two  words\n"), "two  words");
  EXPECT_EQ(password("kafka.sasl.password = \" a # \\\"b\\\\ \"  # why\n"), " a # \"b\\ ");
  EXPECT_EQ(password("[kafka]\nsasl.password =#=#\n"), "#=#");
  EXPECT_EQ(password("kafka.sasl.password = pässwörd\n"), "pässwörd");
}

TEST_F(SecretTest, IsNeverCutByAComment) {
  const std::string got = password("kafka.sasl.password = hunter2 #3\n");
  EXPECT_EQ(got.front(), '!');
  EXPECT_NE(got.find("\"quotes\""), std::string::npos) << got;
  EXPECT_EQ(got.find("hunter2"), std::string::npos) << got;
}

TEST_F(SecretTest, CanStandInAFile) {
  const std::string file = write("secret", " with blanks #\r\n");
  EXPECT_EQ(password("[kafka]\nsasl.password.file = " + file + "\n"), " with blanks #");
  write("secret", "two\nlines\n");
  EXPECT_EQ(password("[kafka]\nsasl.password.file = " + file + "\n"), "two\nlines");
}

TEST_F(SecretTest, CanBeACredential) {
  write("kafka-password", "from systemd");
  request_.environment["CREDENTIALS_DIRECTORY"] = folder_.path().string();
  EXPECT_EQ(password("kafka.sasl.password = credential:kafka-password\n"), "from systemd");
  for (const char* name : {"../secret", "", ".hidden", "missing"})
    EXPECT_EQ(password(std::string("kafka.sasl.password = credential:") + name + "\n").front(), '!')
        << name;
  request_.environment.clear();
  EXPECT_NE(password("kafka.sasl.password = credential:kafka-password\n")
                .find("LoadCredential=kafka-password"),
            std::string::npos);
}

TEST_F(SecretTest, WhoOnlyChecksNeedsNoCredentialAndWhoOnlyShowsNoFile) {
  const auto shown = [&](Secrets secrets, const std::string& conf) {
    request_.secrets = secrets;
    const auto settings = load(conf);
    if (!settings) return "!" + settings.error().message;
    EXPECT_EQ(settings.value().kafka_properties()["sasl.password"], "");
    return settings.value().at("kafka.sasl.password").shown;
  };
  const char* const credential = "kafka.sasl.password = credential:kafka-password\n";
  for (const Secrets secrets : {Secrets::kIfHere, Secrets::kLeave})
    EXPECT_EQ(shown(secrets, credential), "(secret from the credential kafka-password)");
  const char* const file = "kafka.sasl.password.file = /nonexistent/secret\n";
  EXPECT_EQ(shown(Secrets::kLeave, file), "(secret from /nonexistent/secret)");
  EXPECT_EQ(shown(Secrets::kIfHere, file).front(), '!');
}

TEST_F(SecretTest, AMissingOrEmptyFileNamesKeyAndPath) {
  const std::string got = password("kafka.sasl.password.file = /nonexistent/secret\n");
  EXPECT_NE(got.find("worker.conf:1: kafka.sasl.password.file: /nonexistent/secret"),
            std::string::npos)
      << got;
  const std::string empty = write("empty", "\n");
  EXPECT_NE(password("kafka.sasl.password.file = " + empty + "\n").find("is empty"),
            std::string::npos);
}

TEST_F(SecretTest, SaidTwiceInOneFileIsAnErrorInEitherForm) {
  const std::string got = password("[kafka]\nsasl.password = hunter2\nsasl.password.file = /x\n");
  EXPECT_NE(got.find("set in line 2 already"), std::string::npos) << got;
}

TEST_F(SecretTest, TheLaterPlaceWinsInEitherForm) {
  write("secret", "new");
  request_.environment["METERBILL_WORKER_KAFKA_SASL_PASSWORD_FILE"] =
      (folder_.path() / "secret").string();
  EXPECT_EQ(password("kafka.sasl.password = old\n"), "new");
}

TEST_F(SecretTest, IsNeverPrinted) {
  const std::string file = write("secret", "hunter3");
  const auto settings = load("[kafka]\nsasl.password = hunter2\nssl.key.password.file = " + file +
                             "\nsasl.pasword = hunter4\n");
  ASSERT_TRUE(settings) << settings.error().message;
  const std::string text = print_settings(settings.value(), true);
  EXPECT_EQ(text.find("hunter"), std::string::npos) << text;
  EXPECT_NE(text.find("kafka.sasl.password = (secret)"), std::string::npos) << text;
  EXPECT_NE(text.find("kafka.ssl.key.password = (secret from " + file + ")"), std::string::npos)
      << text;
}

TEST_F(SecretTest, IsInNoMessage) {
  const auto settings = load(
      "kafak.sasl.password = hunter2\n"
      "kafka.sasl.Password = hunter2\n"
      "kafka.sasl.password = \"hunter2\n"
      "sasl.password hunter2\n"
      "worker.kafka = kafka://me:hunter2@a:1/t\n");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().message.find("hunter2"), std::string::npos)
      << settings.error().message;
}

}  // namespace
}  // namespace meterbill
