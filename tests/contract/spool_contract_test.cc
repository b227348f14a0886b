#include "spool_contract.h"

#include "adapters/sqlite/sqlite_spool.h"
#include "support/memory_spool.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

class MemoryBench final : public SpoolBench {
 public:
  Spool& spool() override { return spool_; }
  void reopen() override {}

 private:
  MemorySpool spool_;
};

class SqliteBench final : public SpoolBench {
 public:
  explicit SqliteBench(SqliteSpoolOptions options = {}) : options_(std::move(options)) { reopen(); }
  Spool& spool() override { return *spool_; }
  void reopen() override {
    spool_.reset();  // its lock, too
    auto opened = SqliteSpool::open((dir_.path() / "spool.db").string(), options_, {0});
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened.value().damaged, "");
    spool_ = std::move(opened.value().spool);
  }

 private:
  SqliteSpoolOptions options_;
  TempDir dir_;
  std::unique_ptr<SqliteSpool> spool_;
};

INSTANTIATE_TEST_SUITE_P(
    Spools, SpoolContract,
    testing::Values(SpoolKind{"memory", [] { return std::make_unique<MemoryBench>(); }},
                    SpoolKind{"sqlite", [] { return std::make_unique<SqliteBench>(); }}),
    [](const auto& kind) { return kind.param.name; });

// The spool in memory has no limit.
INSTANTIATE_TEST_SUITE_P(SmallSpools, FullSpoolContract,
                         testing::Values(SpoolKind{"sqlite",
                                                   [] {
                                                     return std::make_unique<SqliteBench>(
                                                         SqliteSpoolOptions{.page_count_max = 33});
                                                   }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace meterbill
