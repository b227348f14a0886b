#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>

#include "agent/metering.h"
#include "domain/slot.h"
#include "support/manual_clock.h"

namespace meterbill {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

/// A machine with an agent on it: time passes, counters run, the agent ticks, is killed, started
/// again; what it saved stays on a disk that can be full.
class MeteredMachine {
 public:
  explicit MeteredMachine(const char* utc = "2026-11-22T10:00:00Z")
      : clock({.utc = parse_utc(utc).value(), .monotonic_us = kHour, .boot_us = kHour}) {
    sample.cpu = CpuCounter{.busy_us = 50 * kSecond, .cores = 2};
    sample.memory = MemoryGauge{.total_kib = 16'000'000, .used_kib = 4'000'000};
  }

  void start() {
    metering.emplace(options, BootId(fmt::format("boot-{}", boots)), past,
                     [this] { return EpochId(fmt::format("{:032x}", ++epochs)); });
  }
  void kill() { metering.reset(); }

  /// Time passes; `busy` µs of it, over all cores, are work.
  void run(std::int64_t us, std::int64_t busy) {
    clock.advance(us);
    sample.cpu->busy_us += busy;
  }
  void reboot(std::int64_t off_us) {
    kill();
    clock.reboot(off_us);
    sample.cpu->busy_us = 0;
    ++boots;
  }

  TickResult tick() { return tick(clock.now()); }
  TickResult tick(const Instant& now) {
    const TickResult result = metering->tick(now, sample);
    save();
    return result;
  }
  void stop(EndMark end) {
    save(end);
    kill();
  }

  /// The sum over all rows.
  [[nodiscard]] std::int64_t sum(const char* meter) const {
    std::int64_t total = 0;
    for (const auto& [key, reading] : rows) {
      const auto found = reading.used.find(MeterName{meter});
      if (found != reading.used.end()) total += found->second;
    }
    return total;
  }
  [[nodiscard]] std::int64_t sum(std::int64_t Cover::*part) const {
    std::int64_t total = 0;
    for (const auto& [key, reading] : rows) total += (*reading.cover).*part;
    return total;
  }
  /// The row of the nth epoch (from 1) and a slot; fails the test when it is not there.
  [[nodiscard]] Reading row(std::int64_t epoch, const char* slot) const {
    const auto found =
        rows.find({EpochId(fmt::format("{:032x}", epoch)), Slot::parse(slot).value()});
    EXPECT_NE(found, rows.end()) << "no row of epoch " << epoch << " in " << slot;
    return found == rows.end() ? Reading{} : found->second;
  }
  [[nodiscard]] static std::int64_t used(const Reading& reading, const char* meter) {
    const auto found = reading.used.find(MeterName{meter});
    return found == reading.used.end() ? -1 : found->second;
  }

  ManualClock clock;
  HostSample sample;
  MeteringOptions options{.interval_us = 10 * kSecond, .built = {0}, .labels = {}};
  std::optional<Metering> metering;
  std::map<std::pair<EpochId, Slot>, Reading> rows;
  std::map<EpochId, BootId> boot_of;
  Past past;
  bool disk_full = false;
  std::int64_t epochs = 0;
  std::int64_t boots = 1;

 private:
  void save(std::optional<EndMark> end = std::nullopt) {
    const auto record = metering->record(end);
    if (!record || disk_full) return;
    past.checkpoint = record->checkpoint;
    for (const EpochTotals& totals : record->epochs) {
      if (!boot_of.contains(totals.epoch.id)) past.epochs.push_back(totals.epoch);
      boot_of[totals.epoch.id] = totals.epoch.boot;
      for (const Reading& reading : totals.readings)
        rows[{totals.epoch.id, reading.slot}] = reading;
    }
    metering->saved();
  }
};

}  // namespace meterbill
