#include "adapters/sqlite/sqlite_db.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace meterbill {
namespace {

class SqliteDbTest : public testing::Test {
 protected:
  std::string path() const { return (dir_.path() / "a.db").string(); }
  SqliteDb open(const SqliteOptions& options = {}) const {
    auto db = SqliteDb::open(path(), options);
    EXPECT_TRUE(db) << db.error().message;
    return std::move(db).value();
  }

 private:
  TempDir dir_;
};

TEST_F(SqliteDbTest, CommittedRowsAreThereAfterReopening) {
  {
    SqliteDb db = open();
    ASSERT_TRUE(db.execute("CREATE TABLE t(a INTEGER, b TEXT, c BLOB) STRICT"));
    auto transaction = SqliteTransaction::begin(db);
    ASSERT_TRUE(transaction);
    auto insert = db.prepare("INSERT INTO t VALUES(?,?,?)");
    ASSERT_TRUE(insert);
    ASSERT_TRUE(insert.value().bind(1, std::int64_t{1} << 62).bind(2, "").bind_null(3).run());
    ASSERT_TRUE(transaction.value().commit());
  }
  SqliteDb db = open({.read_only = true});
  auto select = db.prepare("SELECT a,b,c FROM t");
  ASSERT_TRUE(select);
  const auto row = select.value().step();
  ASSERT_TRUE(row && row.value());
  EXPECT_EQ(select.value().integer(0), std::int64_t{1} << 62);
  EXPECT_EQ(select.value().text(1), "");
  EXPECT_FALSE(select.value().is_null(1));
  EXPECT_TRUE(select.value().is_null(2));
}

TEST_F(SqliteDbTest, WhatIsNotCommittedIsRolledBack) {
  SqliteDb db = open();
  ASSERT_TRUE(db.execute("CREATE TABLE t(a INTEGER) STRICT"));
  {
    auto transaction = SqliteTransaction::begin(db);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db.execute("INSERT INTO t VALUES(1)"));
    EXPECT_TRUE(db.in_transaction());
  }
  EXPECT_FALSE(db.in_transaction());
  EXPECT_EQ(db.integer("SELECT count(*) FROM t").value(), 0);
}

TEST_F(SqliteDbTest, AFileThatIsNoDatabaseIsDamaged) {
  std::ofstream(path()) << std::string(8192, 'x');
  const auto db = SqliteDb::open(path(), {});
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Code::kDamaged);
}

TEST_F(SqliteDbTest, AMissingFileOpenedReadOnlyIsNotFound) {
  const auto db = SqliteDb::open(path(), {.read_only = true});
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Code::kNotFound) << db.error().message;
}

TEST_F(SqliteDbTest, AFullFileIsDiskFullAndKeepsWhatWasCommitted) {
  SqliteDb db = open({.page_count_max = 8});
  ASSERT_TRUE(db.execute("CREATE TABLE t(a BLOB) STRICT; INSERT INTO t VALUES(zeroblob(4000))"));
  const auto full = db.execute("INSERT INTO t VALUES(zeroblob(100000))");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kDiskFull);
  EXPECT_EQ(db.integer("SELECT count(*) FROM t").value(), 1);
}

TEST_F(SqliteDbTest, ALockHeldElsewhereIsAConflict) {
  SqliteDb one = open();
  SqliteDb two = open({.busy_ms_max = 0});
  auto transaction = SqliteTransaction::begin(one);
  ASSERT_TRUE(transaction);
  const auto second = SqliteTransaction::begin(two);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(SqliteDbTest, AnOverwrittenPageIsFoundByTheCheck) {
  {
    SqliteDb db = open();
    ASSERT_TRUE(
        db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT;"
                   "CREATE INDEX i ON t(b);"
                   "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT 2000)"
                   "INSERT INTO t SELECT x, hex(x) FROM n"));
  }
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096L * 3);
  file << std::string(4096, 'z');
  file.close();
  auto db = SqliteDb::open(path(), {});
  const auto found = db ? db.value().check() : Result<void>(db.error());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kDamaged);
}

TEST_F(SqliteDbTest, ABadParameterNumberFailsTheStep) {
  SqliteDb db = open();
  auto select = db.prepare("SELECT ?");
  ASSERT_TRUE(select);
  EXPECT_FALSE(select.value().bind(2, 1).step());
  EXPECT_TRUE(select.value().bind(1, 1).step());
}

TEST_F(SqliteDbTest, ALongStatementTellsThatItIsAtWork) {
  SqliteDb db = open();
  StartProgress progress;
  db.tell_of_work(progress);
  const auto count = [&](const char* rows) {
    EXPECT_TRUE(db.integer("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT " +
                           std::string(rows) + ") SELECT count(*) FROM n"));
  };
  EXPECT_TRUE(progress.has_moved());
  count("10");
  EXPECT_FALSE(progress.has_moved());
  count("500000");
  EXPECT_TRUE(progress.has_moved());
}

}  // namespace
}  // namespace meterbill
