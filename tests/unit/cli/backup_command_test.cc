#include "cli/backup_command.h"

#include <gmock/gmock.h>

#include <deque>
#include <filesystem>

#include "terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kDone =
    R"({"state":"done","file":"/b/x.db","bytes":2750000000,"commit":77,"seconds":61.250})";
constexpr const char* kFailed =
    R"({"state":"failed","file":"/b/x.db","error":"no space on /b","seconds":1.000})";

std::string running(std::int64_t done, std::int64_t all, const std::string& seconds) {
  return R"({"state":"running","file":"/b/x.db","bytes_done":)" + std::to_string(done) +
         R"(,"bytes_all":)" + std::to_string(all) + R"(,"seconds":)" + seconds + "}";
}

/// A worker that answers what a test says, and a user who presses Ctrl-C at the n-th wait.
class BackupCommandTest : public testing::Test {
 protected:
  int run(const std::vector<std::string>& words) {
    const ServiceAccess access{[this](const std::string& server, const std::string& method,
                                      const std::string& target) -> Result<ServiceAnswer> {
                                 asked_.push_back(server + " " + method + " " + target);
                                 if (method == "POST") return post_;
                                 if (looks_.empty())
                                   return fail(Code::kUnavailable, "nobody answers");
                                 const std::string body = looks_.front();
                                 looks_.pop_front();
                                 return ServiceAnswer{200, body};
                               },
                               {"", "unix:/usual.sock", "", ""}};
    const auto wait = [this](std::chrono::milliseconds) { return ++waits_ == interrupt_at_; };
    return backup_command(access, wait).run(words, terminal_.terminal);
  }

  TestTerminal terminal_;
  std::vector<std::string> asked_;
  ServiceAnswer post_{202, "{}"};
  std::deque<std::string> looks_;
  int waits_ = 0;
  int interrupt_at_ = 0;
};

TEST_F(BackupCommandTest, BeginsLooksAndTellsTheResult) {
  looks_ = {running(0, 0, "0.000"), running(1'000'000'000, 2'750'000'000, "10.000"), kDone};
  EXPECT_EQ(run({"/b/x.db"}), kExitOk);
  EXPECT_THAT(asked_, ElementsAre("unix:/usual.sock POST /api/v1/backup?path=%2Fb%2Fx.db",
                                  "unix:/usual.sock GET /api/v1/backup",
                                  "unix:/usual.sock GET /api/v1/backup",
                                  "unix:/usual.sock GET /api/v1/backup"));
  EXPECT_EQ(terminal_.out.str(), "copied and verified: /b/x.db   2.7 GB   in 1 min   commit 77\n");
  EXPECT_EQ(terminal_.err.str(), "") << "less than a minute, no terminal";
}

TEST_F(BackupCommandTest, JsonIsTheResultAsTheWorkerTellsIt) {
  looks_ = {kDone};
  EXPECT_EQ(run({"/b/x.db", "--json", "--control", "/c.sock"}), kExitOk);
  EXPECT_EQ(terminal_.out.str(), std::string(kDone) + "\n");
  EXPECT_THAT(asked_.front(), HasSubstr("unix:/c.sock POST"));
}

TEST_F(BackupCommandTest, OnATerminalOneLineIsWrittenOverAndGone) {
  terminal_.terminal.overwrites = true;
  looks_ = {running(1'000'000'000, 4'000'000'000, "10.000"),
            running(4'000'000'000, 4'000'000'000, "40.000"), kDone};
  EXPECT_EQ(run({"/b/x.db"}), kExitOk);
  EXPECT_EQ(terminal_.err.str(),
            "\rbackup   25 %   1.0 GB of 4.0 GB   100.0 MB/s   30 s left\x1b[K"
            "\rbackup   checking the copy of 4.0 GB   40 s so far\x1b[K"
            "\r\x1b[K");
}

TEST_F(BackupCommandTest, ElsewhereThereIsALineAMinute) {
  looks_ = {running(1'000'000'000, 4'000'000'000, "59.000"),
            running(1'100'000'000, 4'000'000'000, "60.000"),
            running(1'200'000'000, 4'000'000'000, "60.200"),
            running(2'000'000'000, 4'000'000'000, "125.000"), kDone};
  EXPECT_EQ(run({"/b/x.db"}), kExitOk);
  EXPECT_EQ(terminal_.err.str(),
            "backup   27 %   1.1 GB of 4.0 GB   18.3 MB/s   2 min left\n"
            "backup   50 %   2.0 GB of 4.0 GB   16.0 MB/s   2 min left\n");
}

TEST_F(BackupCommandTest, CtrlCHasItUndoneAndSaysSo) {
  interrupt_at_ = 3;  // the first wait begins to listen
  looks_ = {running(1, 4, "0.100"), running(2, 4, "0.300"), running(2, 4, "0.400"), kFailed};
  EXPECT_EQ(run({"/b/x.db"}), kExitTemporary);
  EXPECT_THAT(asked_, testing::Contains("unix:/usual.sock POST /api/v1/backup/cancel").Times(1));
  EXPECT_THAT(terminal_.err.str(), HasSubstr("nothing of /b/x.db is left; the worker goes on"));
  EXPECT_THAT(terminal_.out.str(), IsEmpty());
}

TEST_F(BackupCommandTest, CtrlCThatComesTooLateSaysThatItIsComplete) {
  interrupt_at_ = 2;
  looks_ = {running(4, 4, "0.100"), kDone};
  EXPECT_EQ(run({"/b/x.db"}), kExitOk);
  EXPECT_THAT(terminal_.err.str(), HasSubstr("complete before it could be stopped"));
  EXPECT_THAT(terminal_.out.str(), HasSubstr("copied and verified"));
}

TEST_F(BackupCommandTest, AFailureIsToldWithItsReason) {
  looks_ = {kFailed};
  EXPECT_EQ(run({"/b/x.db"}), kExitIo);
  EXPECT_EQ(terminal_.err.str(), "meterbill: no backup was made: no space on /b\n");
  EXPECT_THAT(terminal_.out.str(), IsEmpty());
}

TEST_F(BackupCommandTest, AFileThatCannotBeMadeHasACodeOfItsOwn) {
  looks_ = {R"({"state":"failed","file":"/b/x.db","error":"no folder /b",)"
            R"("cannot_create":true,"seconds":0.001})"};
  EXPECT_EQ(run({"/b/x.db"}), kExitCannotCreate);
  EXPECT_EQ(terminal_.err.str(), "meterbill: no backup was made: no folder /b\n");
}

TEST_F(BackupCommandTest, ARefusalIsToldAndNotWaitedFor) {
  post_ = {503, R"({"error":"busy","detail":"a backup into /b/y.db is being made"})"};
  EXPECT_EQ(run({"/b/x.db"}), kExitUnavailable);
  EXPECT_THAT(terminal_.err.str(), HasSubstr("/b/y.db is being made"));
  EXPECT_EQ(asked_.size(), 1U);
}

struct LostCase {
  const char* name;
  const char* look;  ///< what the worker says after a first look; empty: nothing any more
};
void PrintTo(const LostCase& row, std::ostream* out) { *out << row.name; }

class LostBackupTest : public BackupCommandTest, public testing::WithParamInterface<LostCase> {};

TEST_P(LostBackupTest, SaysWhatTheFileIsWorth) {
  looks_ = {running(1, 4, "0.100")};
  if (*GetParam().look != '\0') looks_.emplace_back(GetParam().look);
  EXPECT_EQ(run({"/b/x.db"}), kExitUnavailable);
  EXPECT_THAT(terminal_.err.str(), HasSubstr("/b/x.db is there only if it is complete"));
  EXPECT_THAT(terminal_.out.str(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Ways, LostBackupTest,
    testing::Values(LostCase{"TheWorkerIsGone", ""},
                    LostCase{"ItWasStartedAnew", R"({"state":"none","seconds":0.000})"},
                    LostCase{"ItMakesAnother",
                             R"({"state":"running","file":"/b/y.db","seconds":0.100})"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(BackupCommandTest, AFileIsNeededAndMadeAbsolute) {
  EXPECT_EQ(run({}), kExitUsage);
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(run({"sub/../x.db"}), kExitUnavailable);
  const std::string here = std::filesystem::current_path().string();
  EXPECT_THAT(terminal_.err.str(), HasSubstr(here + "/x.db is there only"));
}

}  // namespace
}  // namespace meterbill
