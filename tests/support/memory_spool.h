#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/spool.h"

namespace meterbill {

/// A spool in memory that passes the same contract as the real one. A test can make its next calls
/// fail.
class MemorySpool final : public Spool {
 public:
  /// What `save` fails with until it is reset.
  std::optional<Code> save_failure;
  /// What `pending` fails with, once.
  std::optional<Code> pending_failure;
  std::int64_t saves = 0;
  /// What `counts` says of it: there is room for all scopes in memory.
  std::optional<Folded> folded = {};

  Result<Past> load() override {
    Past past{.checkpoint = checkpoint_, .epochs = epochs_};
    std::ranges::reverse(past.epochs);
    return past;
  }

  Result<void> save(const TickRecord& tick) override {
    if (save_failure) return fail(*save_failure, "save fails as the test wants");
    ++saves;
    for (const EpochTotals& totals : tick.epochs) {
      if (std::ranges::find(epochs_, totals.epoch.id, &Epoch::id) == epochs_.end())
        epochs_.push_back(totals.epoch);
      for (const Reading& reading : totals.readings) store(totals.epoch.id, reading);
    }
    for (auto& [key, row] : rows_) {
      const bool ended =
          tick.ended || key.epoch != tick.epochs.back().epoch.id || key.slot < tick.current;
      if (row.reading.final || !ended) continue;
      row.reading.final = true;
      if (key.scope == machine_scope()) row.reading.scopes = scopes_of(key);
      row.aside.clear();
      ++row.version;
    }
    checkpoint_ = tick.checkpoint;
    return ok();
  }

  Result<std::vector<PendingRow>> pending(std::size_t limit, UtcTime now) override {
    if (const auto failure = std::exchange(pending_failure, std::nullopt))
      return fail(*failure, "pending fails as the test wants");
    std::vector<PendingRow> found;
    for (const Epoch& epoch : epochs_)
      for (const auto& [key, row] : rows_)
        if (key.epoch == epoch.id && row.waits() && key.slot <= Slot::containing(now) &&
            found.size() < limit)
          found.push_back({.epoch = epoch, .reading = row.reading, .version = row.version});
    return found;
  }

  Result<void> mark_offered(std::span<const RowVersion> rows) override {
    for (const RowVersion& row : rows)
      if (const auto found = rows_.find(row.key);
          found != rows_.end() && found->second.offered == 0)
        found->second.offered = row.version;
    return ok();
  }

  Result<void> acknowledge(std::span<const RowVersion> rows, UtcTime now) override {
    for (const RowVersion& row : rows) {
      const auto found = rows_.find(row.key);
      if (found == rows_.end()) continue;
      found->second.acknowledged = std::max(found->second.acknowledged, row.version);
      found->second.acknowledged_at = now;
    }
    std::erase_if(
        rows_, [](const auto& entry) { return entry.second.repeated && entry.second.settled(); });
    return ok();
  }

  Result<void> set_aside(const RowVersion& row, const std::string& reason, UtcTime now) override {
    const auto found = rows_.find(row.key);
    if (found == rows_.end() || found->second.version != row.version)
      return fail(Code::kNotFound, "the row has changed since it was read");
    found->second.aside = reason;
    found->second.aside_at = now;
    return ok();
  }

  Result<std::int64_t> repeat_old(UtcTime now) override {
    std::int64_t count = 0;
    for (auto& [key, row] : rows_) {
      if (!row.settled() || row.acknowledged_at.us > now.us - kKeepAcknowledgedUs) continue;
      row.acknowledged = 0;
      row.repeated = true;
      ++count;
    }
    return count;
  }

  Result<std::int64_t> offer_again() override {
    for (auto& [key, row] : rows_) {
      row.acknowledged = 0;
      row.aside.clear();
    }
    return static_cast<std::int64_t>(rows_.size());
  }

  Result<SpoolCounts> counts() override {
    SpoolCounts counts;
    counts.folded = folded;
    for (const auto& [key, row] : rows_) {
      ++counts.kept;
      if (!row.aside.empty()) ++counts.aside;
      if (!row.waits()) continue;
      ++counts.waiting;
      counts.oldest = std::min(counts.oldest.value_or(key.slot.start()), key.slot.start());
    }
    return counts;
  }

  Result<std::vector<AsideRow>> aside(std::size_t limit) override {
    std::vector<AsideRow> found;
    for (const auto& [key, row] : rows_)
      if (!row.aside.empty())
        found.push_back({.key = key, .reason = row.aside, .since = row.aside_at});
    std::ranges::stable_sort(found, {}, &AsideRow::since);
    found.resize(std::min(found.size(), limit));
    return found;
  }

  Result<std::string> begin_anew(UtcTime) override {
    rows_.clear();
    epochs_.clear();
    checkpoint_.reset();
    save_failure.reset();
    return std::string("memory.damaged");
  }

 private:
  struct Row {
    Reading reading;
    std::int64_t version = 0;
    std::int64_t offered = 0;
    std::int64_t acknowledged = 0;
    UtcTime acknowledged_at;
    bool repeated = false;
    std::string aside;
    UtcTime aside_at;
    [[nodiscard]] bool waits() const { return version > acknowledged && aside.empty(); }
    [[nodiscard]] bool settled() const { return reading.final && version == acknowledged; }
  };

  void store(const EpochId& epoch, const Reading& reading) {
    Row& row = rows_[{epoch, reading.slot, reading.scope}];
    const bool final = row.reading.final;
    const std::int64_t scopes = row.reading.scopes;
    row.reading = reading;
    row.reading.final = final;
    row.reading.scopes = scopes;
    ++row.version;
  }
  [[nodiscard]] std::int64_t scopes_of(const SpoolKey& key) const {
    return std::ranges::count_if(rows_, [&](const auto& entry) {
      return entry.first.epoch == key.epoch && entry.first.slot == key.slot;
    });
  }

  std::map<SpoolKey, Row> rows_;
  std::vector<Epoch> epochs_;
  std::optional<Checkpoint> checkpoint_;
};

}  // namespace meterbill
