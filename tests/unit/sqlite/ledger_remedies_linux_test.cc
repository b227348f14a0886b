#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "adapters/sqlite/ledger_remedies.h"
#include "adapters/sqlite/sqlite_ledger.h"
#include "base/clock.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

std::string user() { return getpwuid(geteuid())->pw_name; }
std::string group() { return getgrgid(getegid())->gr_name; }

TEST(LedgerRemediesTest, ABackupTakesThePlaceOfADamagedLedgerWithOwnerAndMode) {
  EXPECT_EQ(restore_commands("/x/ledger.db"),
            "  mkdir /x/damaged && mv /x/ledger.db* /x/damaged/\n"
            "  install -o " +
                user() + " -g " + group() + " -m 0640 BACKUP /x/ledger.db\n");
}

TEST(LedgerRemediesTest, AFileOfSomebodyElseIsNamedWithTheCommandThatGivesItBack) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  const SystemClock clock;
  ASSERT_TRUE(SqliteLedger::open(path, {}, clock));
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const bool is_root = geteuid() == 0;  // who reads what nobody may
  if (is_root) {
    ASSERT_EQ(seteuid(65'534), 0);
  }
  const auto opened = SqliteLedger::open(path, {}, clock);
  const std::string owner = user();
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kPermission) << opened.error().message;
  EXPECT_THAT(opened.error().message, HasSubstr(": chown -h " + owner + ":" + group() + " " +
                                                (folder.path() / "ledger.*").string()));
}

}  // namespace
}  // namespace meterbill
