#include "cli/spool_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/golden.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

SpoolRow row(const char* slot, const char* scope, std::int64_t version) {
  SpoolRow row;
  row.machine = "web-1";
  row.epoch = "6f1c0000000000000000000000000001";
  row.boot = "0c4de3f4-8a0e-4b7e-9c6c-4a3e5a0c9f11";
  row.labels = {{"site", "lab-3"}};
  row.reading.slot = Slot::parse(slot).value();
  row.reading.scope = ScopeName(scope);
  row.reading.used = {{MeterName("cpu"), 123'456'789},
                      {MeterName("cpu_capacity"), 620'000'000},
                      {MeterName("memory"), 9'988'776'655}};
  row.version = version;
  return row;
}

class FakeSpool final : public SpoolFile {
 public:
  Result<void> rows(const std::function<Result<void>(const SpoolRow&)>& each) override {
    SpoolRow done = row("2026-11-22T10:15:00Z", "machine", 3);
    done.reading.final = true;
    done.reading.scopes = 2;
    done.reading.cover = Cover{.from_us = 1, .to_us = 2};
    done.offered = done.acknowledged = 3;
    done.acknowledged_at = parse_utc("2026-11-22T10:30:01Z").value();
    done.is_repeated = true;
    SpoolRow refused = row("2026-11-22T10:15:00Z", "service:nginx\x1b[2J.service", 2);
    refused.aside = "400: one reading of it is not plausible by itself";
    refused.aside_since = parse_utc("2026-11-22T10:31:00Z").value();
    SpoolRow offered = row("2026-11-22T10:30:00Z", "machine", 7);
    offered.offered = 7;
    offered.acknowledged = 5;
    SpoolRow waiting = row("2026-11-22T10:30:00Z", "service:a", 1);
    for (const SpoolRow& of : {done, refused, offered, waiting}) {
      MB_TRYV(each(of));
    }
    return ok();
  }
  Result<std::optional<Folded>> folded() override { return told; }
  Result<std::vector<SpoolFault>> verify() override { return faults; }

  std::optional<Folded> told = Folded{.rows = 5'310,
                                      .first_slot = Slot::parse("2026-11-01T00:00:00Z").value(),
                                      .last_slot = Slot::parse("2026-11-20T23:45:00Z").value(),
                                      .first_at = parse_utc("2026-11-14T08:00:10Z").value(),
                                      .last_at = parse_utc("2026-11-21T00:00:10Z").value()};
  std::vector<SpoolFault> faults;
};

class SpoolCommandsTest : public testing::Test {
 protected:
  int run(std::size_t which, const std::vector<std::string>& arguments) {
    screen_.out.str("");
    screen_.err.str("");
    const SpoolContext context{
        .open = [this](const std::string& path) -> Result<std::unique_ptr<SpoolFile>> {
          opened_ = path;
          if (failure_) return *failure_;
          auto spool = std::make_unique<FakeSpool>();
          spool->faults = faults_;
          return std::unique_ptr<SpoolFile>(std::move(spool));
        },
        .state_dir = "/var/lib/meterbill-agent",
        .failure = configuration_};
    return spool_commands(context)[which].run(arguments, screen_.terminal);
  }
  int list(const std::vector<std::string>& arguments = {}) { return run(0, arguments); }
  int verify(const std::vector<std::string>& arguments = {}) { return run(1, arguments); }

  std::string opened_;
  std::optional<Error> failure_;
  std::optional<Error> configuration_;
  std::vector<SpoolFault> faults_;
  TestTerminal screen_;
};

TEST_F(SpoolCommandsTest, ListShowsEachRowAndHowFarItGot) {
  EXPECT_EQ(list(), kExitOk);
  EXPECT_EQ(opened_, "/var/lib/meterbill-agent/spool.db");
  expect_golden("tests/golden/spool_list.txt", screen_.out.str());
}

TEST_F(SpoolCommandsTest, ListAsJsonHasAll) {
  EXPECT_EQ(list({"--json", "--spool=/tmp/s.db"}), kExitOk);
  EXPECT_EQ(opened_, "/tmp/s.db");
  for (const char* part :
       {R"({"spool":"/tmp/s.db","rows":[{"machine":"web-1","epoch":"6f1c)",
        R"("labels":{"site":"lab-3"},"slot":"2026-11-22T10:15:00Z","reading":{"scope":"machine",)",
        R"("used":{"cpu":"123456789",)",
        R"("state":"acknowledged","version":3,"offered":3,"acknowledged":3,"repeated":true,)",
        R"("state":"aside")", R"("state":"offered")", R"("state":"waiting")",
        R"("waiting":2,"aside":1,"folded":{"rows":5310,"first_slot":"2026-11-01T00:00:00Z",)",
        R"("last_slot":"2026-11-20T23:45:00Z","first_at":"2026-11-14T08:00:10Z",)",
        R"("last_at":"2026-11-21T00:00:10Z","going_on_since":null}})"})
    EXPECT_THAT(screen_.out.str(), HasSubstr(part));
}

TEST_F(SpoolCommandsTest, VerifySaysWhatIsWrongAndExits65) {
  EXPECT_EQ(verify({"--state-dir=/srv/agent"}), kExitOk);
  EXPECT_EQ(opened_, "/srv/agent/spool.db");
  EXPECT_THAT(screen_.out.str(), HasSubstr("nothing is wrong"));
  faults_ = {{"epoch e slot 2026-11-22T10:15:00Z scope machine", "below 1"}};
  EXPECT_EQ(verify(), kExitData);
  EXPECT_THAT(screen_.out.str(), HasSubstr("scope machine: below 1"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("Remedy"));
  EXPECT_EQ(verify({"--json"}), kExitData);
  EXPECT_THAT(screen_.out.str(), HasSubstr(R"("sound":false,"faults":[{"where":"epoch e)"));
  failure_ = fail(Code::kDamaged, "file is not a database");
  EXPECT_EQ(verify(), kExitData);
  EXPECT_THAT(screen_.out.str(), HasSubstr("file is not a database"));
}

TEST_F(SpoolCommandsTest, FailuresHaveTheirCodesAndRemedies) {
  const std::tuple<Code, int, const char*> cases[] = {
      {Code::kConflict, kExitTemporary, "in use"},
      {Code::kNotFound, kExitNoInput, "--state-dir"},
      {Code::kPermission, kExitPermission, "as root"},
      {Code::kDamaged, kExitData, "begins a new one"},
      {Code::kTooNew, kExitData, "in use"}};
  for (const auto& [code, exit, said] : cases) {
    failure_ = fail(code, "/x/spool.db is in use");
    EXPECT_EQ(list(), exit);
    EXPECT_THAT(screen_.err.str(), HasSubstr(said));
    EXPECT_EQ(screen_.out.str(), "");
  }
  EXPECT_EQ(list({"--spool=a", "--state-dir=b"}), kExitUsage);
  failure_.reset();
  configuration_ = fail(Code::kConfig, "agent.conf:3: unknown key");
  EXPECT_EQ(list(), kExitConfig);
  EXPECT_EQ(list({"--state-dir=/srv/agent"}), kExitOk);
}

}  // namespace
}  // namespace meterbill
