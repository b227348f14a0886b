// What a full spool says of the scopes it folded.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/sqlite_spool.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

class SpoolFoldedTest : public testing::Test {
 protected:
  static constexpr int kParts = 30;

  SpoolFoldedTest() { open(); }

  void open() {
    spool_.reset();
    auto opened = SqliteSpool::open((dir_.path() / "spool.db").string(), {.page_count_max = 60},
                                    first_.start());
    ASSERT_TRUE(opened) << opened.error().message;
    spool_ = std::move(opened.value().spool);
  }
  /// A slot of a machine and so many parts, a few seconds after it began.
  void save_slot(int parts = kParts) {
    const Slot slot = first_.plus(slots_++);
    TickRecord record;
    record.epochs.push_back({{.id = EpochId(std::string(32, '1')),
                              .boot = BootId("b"),
                              .labels = {},
                              .started = first_,
                              .machine = MachineId("web-1")},
                             {}});
    for (int part = 0; part <= parts; ++part) {
      Reading& reading = record.epochs[0].readings.emplace_back();
      reading.slot = slot;
      reading.scope = part == 0 ? machine_scope() : ScopeName(fmt::format("service:{:030}", part));
      reading.used = {{MeterName("cpu"), 1'000 + part}};
      if (part == 0) reading.cover = Cover{};
    }
    record.current = slot;
    record.checkpoint.boot = BootId("b");
    record.checkpoint.at.utc = time_of(slot);
    saved_parts_ += parts;
    ASSERT_TRUE(spool_->save(record));
  }
  static UtcTime time_of(Slot slot) { return {slot.start().us + 10'000'000}; }
  std::vector<PendingRow> pending() {
    return spool_->pending(100'000, first_.plus(10'000).start()).value();
  }
  void acknowledge_all() {
    std::vector<RowVersion> versions;
    for (const PendingRow& row : pending()) versions.push_back(row.row_version());
    ASSERT_TRUE(spool_->mark_offered(versions));
    ASSERT_TRUE(spool_->acknowledge(versions, time_of(first_.plus(slots_))));
  }
  /// Parts that were saved and have no row of their own any more, or never had one.
  [[nodiscard]] std::int64_t missing_parts() {
    std::int64_t own = 0;
    for (const PendingRow& row : pending())
      if (row.reading.scope != machine_scope() && row.reading.scope.str() != "other") ++own;
    return saved_parts_ - own;
  }
  [[nodiscard]] std::optional<Folded> folded() { return spool_->counts().value().folded; }

  const Slot first_ = Slot::parse("2026-11-22T10:15:00Z").value();
  TempDir dir_;
  std::unique_ptr<SqliteSpool> spool_;
  int slots_ = 0;
  std::int64_t saved_parts_ = 0;
};

TEST_F(SpoolFoldedTest, ItSaysHowManyRowsOfWhichSlotsAndSinceWhen) {
  while (!folded()) {
    ASSERT_EQ(missing_parts(), 0);
    save_slot();
  }
  const UtcTime began = time_of(first_.plus(slots_ - 1));
  for (int more = 0; more < 60; ++more) {
    const auto told = folded();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->rows, missing_parts());
    EXPECT_EQ(told->first_slot, first_);
    EXPECT_LE(told->last_slot, first_.plus(slots_ - 1));
    EXPECT_EQ(told->first_at, began);
    EXPECT_EQ(told->going_on_since, began) << "also while a fold has made a little room";
    save_slot();
  }
  EXPECT_GT(folded()->rows, 1'000);
  EXPECT_GT(folded()->last_at, began);
}

TEST_F(SpoolFoldedTest, PartsThatBeginInOtherAreToldToo) {
  while (!spool_->counts().value().tight) {
    save_slot();
    std::vector<RowVersion> versions;
    for (const PendingRow& row : pending()) versions.push_back(row.row_version());
    ASSERT_TRUE(spool_->mark_offered(versions));  // nothing can be folded
  }
  const std::int64_t before = folded() ? folded()->rows : 0;
  save_slot();
  EXPECT_EQ(folded()->rows, before + kParts);
  EXPECT_EQ(folded()->rows, missing_parts());
  EXPECT_EQ(folded()->last_slot, first_.plus(slots_ - 1));
}

TEST_F(SpoolFoldedTest, ItIsKnownAfterARestartAndWhenThereIsRoomAgain) {
  while (slots_ < 60) save_slot();
  const auto told = folded();
  ASSERT_TRUE(told && told->going_on_since);
  open();
  EXPECT_EQ(folded(), told);
  save_slot(0);
  EXPECT_TRUE(folded()->going_on_since);
  acknowledge_all();
  EXPECT_TRUE(folded()->going_on_since) << "a tick ends it";
  const std::int64_t rows = folded()->rows;
  save_slot(1);
  EXPECT_FALSE(folded()->going_on_since);
  EXPECT_EQ(folded()->rows, rows);
  const auto ended = folded();
  open();
  EXPECT_EQ(folded(), ended);
  save_slot(1);
  EXPECT_EQ(folded(), ended);
  // The next time counts on, and is a time of its own.
  while (!folded()->going_on_since) save_slot();
  EXPECT_GT(folded()->rows, rows);
  EXPECT_EQ(folded()->first_at, told->first_at);
  EXPECT_GT(*folded()->going_on_since, ended->last_at);
}

TEST_F(SpoolFoldedTest, ItEndsWhenThereWasRoomForADay) {
  while (!folded()) save_slot();
  for (int slot = 0; slot < 96; ++slot) {
    EXPECT_TRUE(folded()->going_on_since) << slot;
    save_slot(0);
  }
  EXPECT_FALSE(folded()->going_on_since);
}

TEST_F(SpoolFoldedTest, ANewBeginningHasFoldedNothing) {
  while (!folded()) save_slot();
  ASSERT_TRUE(spool_->begin_anew(first_.start()));
  EXPECT_FALSE(folded());
}

}  // namespace
}  // namespace meterbill
