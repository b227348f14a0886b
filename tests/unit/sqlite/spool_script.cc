#include "spool_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>

#include "support/sqlite_facts.h"

namespace meterbill {
namespace {

constexpr int kTicks = 12;
constexpr int kTicksPerSlot = 2;
constexpr int kPartsFirst = 6;  ///< in the first tick of a slot
constexpr int kPartsMax = 9;    ///< in the second one
constexpr std::int64_t kPagesMax = 17;
constexpr std::int64_t kTwoDaysUs = kKeepAcknowledgedUs + 3'600'000'000;
const ScopeName kAll{"view:all"};

int slot_of(int tick) { return (tick - 1) / kTicksPerSlot; }
Slot slot_at(int slot) { return Slot::parse("2026-11-22T10:00:00Z").value().plus(slot); }
UtcTime time_of(int tick) {
  const Slot slot = slot_at(slot_of(tick));
  return {slot.start().us + (tick - 1) % kTicksPerSlot * Slot::kMicroseconds / kTicksPerSlot + 1};
}
/// Long names fill a small file with few rows.
ScopeName part(int number) { return ScopeName{fmt::format("service:{:0>230}", number)}; }
bool is_part(const std::string& scope) { return scope.starts_with("service:"); }

std::int64_t sum(const std::map<ScopeName, std::int64_t>& used) {
  std::int64_t total = 0;
  for (const auto& [scope, value] : used) total += value;
  return total;
}

Reading reading(Slot slot, ScopeName scope, std::int64_t cpu) {
  Reading reading;
  reading.slot = slot;
  reading.scope = std::move(scope);
  reading.used = {{MeterName{"cpu"}, cpu}};
  if (reading.scope == machine_scope()) reading.cover = Cover{};
  return reading;
}

/// A disk that fails is no damage, and never taken for it.
void expect_of_the_disk(const Error& error) {
  EXPECT_TRUE(error.code == Code::kIo || error.code == Code::kDiskFull) << error.message;
}

}  // namespace

/// A row as it lies on the disk.
struct SpoolScript::Row {
  Key key;
  std::int64_t cpu = 0;
  bool final = false;
  std::int64_t scopes = 0;
  std::int64_t version = 0;
  std::int64_t offered = 0;
  std::int64_t acknowledged = 0;
  bool aside = false;
  [[nodiscard]] const std::string& scope() const { return std::get<2>(key); }
};

SpoolScript::SpoolScript(MemoryDisk& disk) : disk_(disk) {
  for (int tick = 1; tick <= kTicks; ++tick) {
    steps_.emplace_back([this, tick] {
      tick_ = tick;
      save(false);
    });
    if (tick == 2) steps_.emplace_back([this] { set_aside(); });
    if (tick <= 3) steps_.emplace_back([this] { send(0, 0, true); });
    if (tick == 4) {
      steps_.emplace_back([this] { repeat_old(); });
      steps_.emplace_back([this] { send(0, 0, true); });
    }
    if (tick == 5) {
      steps_.emplace_back([this] { send(1, 1, true); });
      steps_.emplace_back([this] { send(2, 2, false); });
    }
    if (tick == 8) steps_.emplace_back([this] { close(); });
  }
}

void SpoolScript::step() {
  if (!spool_ && !open()) return;
  steps_[next_++]();
}

void SpoolScript::close() {
  spool_.reset();
  acknowledged_by_now();
}

/// Where the disk failed, the call may have been rolled back and tried again: they are sent again.
void SpoolScript::acknowledged_by_now() {
  if (disk_.has_struck()) acknowledged_lately_.clear();
  for (const auto& [key, version] : acknowledged_lately_) acknowledged_[key] = version;
  acknowledged_lately_.clear();
}

bool SpoolScript::open() {
  auto opened = SqliteSpool::open(path(), {.page_count_max = kPagesMax}, time_of(tick_ + 1));
  if (!opened) {
    expect_of_the_disk(opened.error());
    return false;
  }
  EXPECT_EQ(opened.value().damaged, "");
  const auto past = opened.value().spool->load();
  if (!past) {
    expect_of_the_disk(past.error());
    return false;
  }
  const auto& checkpoint = past.value().checkpoint;
  const int known = checkpoint ? static_cast<int>(checkpoint->cpu_busy_us) : 0;
  EXPECT_GE(known, saved_);
  EXPECT_LE(known, tried_);
  saved_ = tried_ = known;
  if (!runs_.empty()) runs_.back().to = known;
  runs_.push_back({EpochId(fmt::format("{:032x}", runs_.size() + 1)), known, INT_MAX});
  spool_ = std::move(opened.value().spool);
  return true;
}

/// What a run booked in a slot up to a tick.
SpoolScript::Used SpoolScript::used_by(const Run& run, int slot, int upto) const {
  Used used;
  for (int tick = run.from + 1; tick <= std::min(run.to, upto); ++tick) {
    if (slot_of(tick) != slot) continue;
    const int parts = tick % kTicksPerSlot == 1 ? kPartsFirst : kPartsMax;
    for (int number = 0; number < parts; ++number) used[part(number)] += 100 * (number + 1) + tick;
  }
  return used;
}

/// All that is not saved yet, as totals of the running epoch.
TickRecord SpoolScript::record(bool ended) const {
  const Run& run = runs_.back();
  TickRecord record;
  record.current = slot_at(slot_of(tick_));
  record.ended = ended;
  record.checkpoint.boot = BootId{"boot"};
  record.checkpoint.cpu_busy_us = tick_;
  EpochTotals& totals = record.epochs.emplace_back();
  totals.epoch = {.id = run.id,
                  .boot = BootId{"boot"},
                  .labels = {{"site", "lab-3"}},
                  .started = slot_at(slot_of(run.from + 1)),
                  .machine = MachineId{"web-1"}};
  for (int slot = slot_of(saved_ + 1); slot <= slot_of(tick_); ++slot) {
    const Used used = used_by(run, slot, tick_);
    for (const auto& [scope, cpu] : used)
      totals.readings.push_back(reading(slot_at(slot), scope, cpu));
    totals.readings.push_back(reading(slot_at(slot), machine_scope(), sum(used)));
    totals.readings.push_back(reading(slot_at(slot), kAll, sum(used)));
  }
  return record;
}

void SpoolScript::save(bool ended) {
  tried_ = tick_;
  const auto saved = spool_->save(record(ended));
  if (saved) {
    saved_ = tick_;
    acknowledged_by_now();
  } else {
    acknowledged_lately_.clear();  // rolled back with it
    expect_of_the_disk(saved.error());
  }
}

std::vector<PendingRow> SpoolScript::pending() {
  auto rows = spool_->pending(1'000, time_of(tick_));
  if (!rows) {
    expect_of_the_disk(rows.error());
    return {};
  }
  for (const PendingRow& row : rows.value()) {
    std::int64_t& version =
        version_[{row.epoch.id.str(), row.reading.slot.unix_seconds(), row.reading.scope.str()}];
    EXPECT_GE(row.version, version) << row.reading.scope.str();
    version = row.version;
  }
  return std::move(rows).value();
}

void SpoolScript::send(int first_slot, int last_slot, bool is_answered) {
  std::vector<PendingRow> rows = pending();
  std::erase_if(rows, [&](const PendingRow& row) {
    return row.reading.slot < slot_at(first_slot) || row.reading.slot > slot_at(last_slot);
  });
  std::vector<RowVersion> versions;
  for (const PendingRow& row : rows) versions.push_back(row.row_version());
  if (const auto offered = spool_->mark_offered(versions); !offered)
    return expect_of_the_disk(offered.error());
  for (const PendingRow& row : rows) {
    const Key key{row.epoch.id.str(), row.reading.slot.unix_seconds(), row.reading.scope.str()};
    offered_[key] = 1;
    received_[key] = std::max(received_[key], row.reading.used.at(MeterName{"cpu"}));
  }
  if (is_answered) acknowledge(rows);
}

void SpoolScript::acknowledge(const std::vector<PendingRow>& rows) {
  std::vector<RowVersion> versions;
  for (const PendingRow& row : rows) versions.push_back(row.row_version());
  const auto done = spool_->acknowledge(versions, time_of(tick_));
  if (!done) expect_of_the_disk(done.error());
  for (const PendingRow& row : rows) {
    const Key key{row.epoch.id.str(), row.reading.slot.unix_seconds(), row.reading.scope.str()};
    if (row.reading.final) may_be_acknowledged_.insert(key);
    if (done) acknowledged_lately_[key] = row.version;
  }
}

void SpoolScript::set_aside() {
  for (const PendingRow& row : pending()) {
    if (!is_part(row.reading.scope.str())) continue;
    const auto done = spool_->set_aside(row.row_version(), "refused", time_of(tick_));
    if (!done) return expect_of_the_disk(done.error());
    aside_.insert({row.epoch.id.str(), row.reading.slot.unix_seconds(), row.reading.scope.str()});
    ++seen_.aside;
    return;
  }
}

void SpoolScript::repeat_old() {
  const auto repeated = spool_->repeat_old({time_of(tick_).us + kTwoDaysUs});
  // They wait again, perhaps also when the call failed.
  for (const Key& key : may_be_acknowledged_) {
    acknowledged_.erase(key);
    acknowledged_lately_.erase(key);
  }
  if (repeated)
    seen_.repeated += repeated.value();
  else
    expect_of_the_disk(repeated.error());
}

/// `tick`: of the checkpoint, 0 when there is none.
std::vector<SpoolScript::Row> SpoolScript::rows_on_disk(int& tick) const {
  std::vector<Row> rows;
  tick = 0;
  look_into(disk_, path(), [&](SqliteDb& db) {
    EXPECT_EQ(query_text(db, "PRAGMA integrity_check", 1), "ok\n");
    EXPECT_EQ(query_text(db, "PRAGMA foreign_key_check", 1), "");
    if (db.integer("SELECT count(*) FROM sqlite_schema").value() == 0) return;
    tick = static_cast<int>(db.integer("SELECT cpu_busy_us FROM checkpoint").value());
    auto select = db.prepare(
        "SELECT e.epoch, slot, scope, substr(used, 5), final, scopes, version, "
        "offered, acknowledged, aside IS NOT NULL "
        "FROM rows JOIN epochs AS e ON e.id=rows.epoch");
    while (select.value().step().value()) {
      const SqliteStatement& row = select.value();
      rows.push_back({.key = {std::string(row.text(0)), row.integer(1), std::string(row.text(2))},
                      .cpu = row.integer(3),
                      .final = row.integer(4) != 0,
                      .scopes = row.integer(5),
                      .version = row.integer(6),
                      .offered = row.integer(7),
                      .acknowledged = row.integer(8),
                      .aside = row.integer(9) != 0});
    }
  });
  return rows;
}

void SpoolScript::check_recovered() const {
  int tick = 0;
  const std::vector<Row> rows = rows_on_disk(tick);
  EXPECT_GE(tick, saved_) << "what was saved is there";
  EXPECT_LE(tick, tried_);
  std::size_t found = 0;
  for (const Run& run : runs_)
    for (int slot = 0; slot <= slot_of(kTicks + 1); ++slot) {
      std::vector<Row> of_slot;
      std::ranges::copy_if(rows, std::back_inserter(of_slot), [&](const Row& row) {
        return std::get<0>(row.key) == run.id.str() &&
               std::get<1>(row.key) == slot_at(slot).unix_seconds();
      });
      found += of_slot.size();
      check_slot(run, slot, tick, of_slot);
    }
  EXPECT_EQ(found, rows.size()) << "rows of nobody";
  check_calls(rows);
}

/// The rows of a slot are those of the checkpoint's tick, never of another one.
void SpoolScript::check_slot(const Run& run, int slot, int tick,
                             const std::vector<Row>& rows) const {
  const Used used = used_by(run, slot, tick);
  SCOPED_TRACE(fmt::format("run {}, slot {}, tick {}", run.id.str().back(), slot, tick));
  const bool runs_on = run.from < tick && tick <= run.to && slot == slot_of(tick) && !ended_;
  std::int64_t parts = 0;
  bool is_machine_there = false;
  bool is_droppable = false;
  for (const Row& row : rows) {
    const ScopeName scope{row.scope()};
    EXPECT_EQ(row.final, !runs_on) << row.scope();
    if (scope == machine_scope() || scope == kAll) {
      EXPECT_EQ(row.cpu, sum(used)) << row.scope();
      is_machine_there |= scope == machine_scope();
      continue;
    }
    parts += row.cpu;
    if (is_part(row.scope())) {
      EXPECT_TRUE(used.contains(scope)) << row.scope();
      if (used.contains(scope)) {
        EXPECT_EQ(row.cpu, used.at(scope)) << row.scope();
      }
    }
  }
  for (const Key& key : may_be_acknowledged_)
    is_droppable |=
        std::get<0>(key) == run.id.str() && std::get<1>(key) == slot_at(slot).unix_seconds();
  if (is_droppable) return;
  EXPECT_EQ(is_machine_there, !used.empty());
  EXPECT_EQ(parts, sum(used));
  for (const Row& row : rows)
    if (row.final && ScopeName{row.scope()} == machine_scope()) {
      EXPECT_EQ(row.scopes, static_cast<std::int64_t>(rows.size()));
    }
}

/// What calls have told stays so.
void SpoolScript::check_calls(const std::vector<Row>& rows) const {
  std::map<Key, const Row*> there;
  for (const Row& row : rows) there[row.key] = &row;
  const auto at_least = [&](const std::map<Key, std::int64_t>& told, std::int64_t Row::*field) {
    for (const auto& [key, version] : told) {
      const auto row = there.find(key);
      if (row != there.end()) {
        EXPECT_GE(row->second->*field, version) << std::get<2>(key);
      }
    }
  };
  at_least(version_, &Row::version);
  at_least(offered_, &Row::offered);
  at_least(acknowledged_, &Row::acknowledged);
  for (const auto& [key, version] : offered_)
    EXPECT_TRUE(there.contains(key) || may_be_acknowledged_.contains(key))
        << "offered, and gone: " << std::get<2>(key);
  for (const Key& key : aside_) {
    const auto row = there.find(key);
    if (row != there.end()) {
      EXPECT_TRUE(row->second->aside || row->second->final);
    }
  }
}

void SpoolScript::observe() {
  int tick = 0;
  std::set<Key> there;
  std::set<std::pair<std::string, std::int64_t>> with_other;
  for (const Row& row : rows_on_disk(tick)) {
    if (is_part(row.scope())) there.insert(row.key);
    if (row.scope() == "other") with_other.insert({std::get<0>(row.key), std::get<1>(row.key)});
  }
  for (const Key& key : seen_parts_) {
    if (there.contains(key)) continue;
    if (!may_be_acknowledged_.contains(key))
      ++seen_.folded;
    else if (acknowledged_.contains(key) || acknowledged_lately_.contains(key))
      ++seen_.dropped;
  }
  // Those that never had a row.
  const Run& run = runs_.back();
  const int slot = slot_of(tick);
  if (with_other.contains({run.id.str(), slot_at(slot).unix_seconds()}))
    for (const auto& [scope, cpu] : used_by(run, slot, tick)) {
      const Key key{run.id.str(), slot_at(slot).unix_seconds(), scope.str()};
      if (!there.contains(key) && !seen_parts_.contains(key)) ++seen_.in_other;
    }
  seen_parts_ = std::move(there);
}

void SpoolScript::finish() {
  while (!spool_) ASSERT_TRUE(open());
  tick_ = kTicks + 1;
  save(true);
  ASSERT_EQ(saved_, tick_);
  ended_ = true;
  const auto send_all = [&] { send(0, slot_of(tick_), true); };
  send_all();
  EXPECT_TRUE(pending().empty());
  // What is refused when it is final waits for an operator.
  EXPECT_TRUE(spool_->offer_again());
  acknowledged_.clear();
  acknowledged_lately_.clear();
  send_all();
  repeat_old();
  send_all();
  EXPECT_EQ(spool_->counts().value().kept, 0) << "sent once more, and then forgotten";
  close();
  check_recovered();
  check_received();
}

/// Each unit once: as the machine's, as one part's or another's, and in the view.
void SpoolScript::check_received() const {
  const Run all{EpochId{}, 0, INT_MAX};
  for (int slot = 0; slot <= slot_of(kTicks + 1); ++slot) {
    const std::int64_t truth = sum(used_by(all, slot, kTicks + 1));
    std::map<std::string, std::int64_t> sums;
    for (const auto& [key, cpu] : received_) {
      if (std::get<1>(key) != slot_at(slot).unix_seconds()) continue;
      const std::string& scope = std::get<2>(key);
      sums[is_part(scope) || scope == "other" ? "parts" : scope] += cpu;
    }
    const std::map<std::string, std::int64_t> want{
        {"machine", truth}, {"parts", truth}, {kAll.str(), truth}};
    EXPECT_EQ(sums, want) << "slot " << slot;
  }
}

}  // namespace meterbill
