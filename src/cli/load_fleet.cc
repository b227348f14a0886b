#include "cli/load_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "wire/encode.h"

namespace meterbill {
namespace {

/// When all of them were booted: so that boot clocks of several runs fit each other.
constexpr UtcTime kBooted{1'577'836'800'000'000};  // 2020-01-01
constexpr std::int64_t kSecondUs = 1'000'000;

/// What the numbers of a machine are made of.
enum What : std::uint64_t { kSize = 1, kCpu, kMemory, kBootHigh, kBootLow, kEpochHigh, kEpochLow };

/// SplitMix64: spreads any number over 64 bits; equal everywhere, unlike std::hash.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ value >> 30U) * 0xBF58476D1CE4E5B9U;
  value = (value ^ value >> 27U) * 0x94D049BB133111EBU;
  return value ^ value >> 31U;
}

std::string permille_text(std::int64_t permille) {
  return fmt::format("{}.{}", permille / 10, permille % 10);
}

}  // namespace

LoadFleet::LoadFleet(LoadFleetSpec spec, UtcTime start)
    : spec_(std::move(spec)),
      start_(start),
      labels_{{"made_by", "loadgen"}},
      confirmed_(static_cast<std::size_t>(spec_.agents), start) {
  MB_ASSERT(start >= kBooted);
  for (std::int64_t part = 1; part <= spec_.scopes; ++part)
    scopes_.emplace_back(fmt::format("service:load-{:03}.service", part));
}

MachineId LoadFleet::machine(std::int64_t index) const {
  return MachineId{fmt::format("{}{:06}", spec_.prefix, index + 1)};
}

std::uint64_t LoadFleet::hash(std::int64_t index, std::uint64_t what) const {
  return mixed(mixed(spec_.seed ^ mixed(static_cast<std::uint64_t>(index))) + what);
}

LoadFleet::Machine LoadFleet::make_machine(std::int64_t index) const {
  const auto one_of = [&](What what, std::uint64_t count) {
    return static_cast<std::int64_t>(hash(index, what) % count);
  };
  const std::int64_t size = one_of(kSize, 6);  // 2 to 64 cores with 4 GiB each
  return {.cores = std::int64_t{2} << size,
          .memory_kib = std::int64_t{8} << (20 + size),
          .cpu_permille = 20 + one_of(kCpu, 900),
          .memory_permille = 100 + one_of(kMemory, 800)};
}

void LoadFleet::append_slot(const Machine& machine, Slot slot, UtcTime now, bool is_last,
                            std::vector<Reading>& to) const {
  const UtcTime from = std::max(start_, slot.start());
  const UtcTime until = std::min(now, slot.end());
  const bool is_final = is_last || slot.end() <= now;
  const std::int64_t us = until.us - from.us;
  const std::int64_t cpu_us = machine.cores * us / 1'000 * machine.cpu_permille;
  const std::int64_t used_kib = machine.memory_kib / 1'000 * machine.memory_permille;
  const std::int64_t memory = used_kib * us / kSecondUs;
  Reading whole{
      .slot = slot,
      .scope = machine_scope(),
      .cover =
          Cover{.from_us = from.us - kBooted.us, .to_us = until.us - kBooted.us, .metered_us = us},
      .final = is_final,
      .scopes = is_final ? spec_.scopes + 1 : 0,
      .used = {}};
  whole.used = {{MeterName{"cpu"}, cpu_us},
                {MeterName{"cpu_capacity"}, machine.cores * us},
                {MeterName{"memory"}, memory},
                {MeterName{"memory_capacity"}, machine.memory_kib * us / kSecondUs},
                {MeterName{"uptime"}, us}};
  to.push_back(std::move(whole));
  // The parts have shares of 1, 2, 3 … of a sum of one more: the last share is nobody's.
  const std::int64_t shares = (spec_.scopes + 1) * (spec_.scopes + 2) / 2;
  for (std::int64_t part = 1; part <= spec_.scopes; ++part) {
    Reading reading{.slot = slot,
                    .scope = scopes_[static_cast<std::size_t>(part - 1)],
                    .cover = std::nullopt,
                    .final = is_final,
                    .scopes = 0,
                    .used = {}};
    reading.used = {{MeterName{"cpu"}, cpu_us / shares * part},
                    {MeterName{"memory"}, memory / shares * part}};
    to.push_back(std::move(reading));
  }
}

std::vector<Reading> LoadFleet::readings(const Machine& machine, UtcTime from, UtcTime now,
                                         bool is_last) const {
  std::vector<Reading> all;
  for (Slot slot = Slot::containing(from); std::max(start_, slot.start()) < now; slot = slot.next())
    append_slot(machine, slot, now, is_last, all);
  return all;
}

void LoadFleet::append_messages(std::int64_t index, UtcTime now, bool is_last,
                                std::vector<OutgoingMessage>& to) {
  const Machine machine = make_machine(index);
  const UtcTime confirmed = confirmed_[static_cast<std::size_t>(index)];
  // A run of the agent is one epoch: another start, another epoch.
  const auto of_run = [&](What what) {
    return mixed(hash(index, what) + static_cast<std::uint64_t>(start_.us));
  };
  const EpochId epoch{fmt::format("{:016x}{:016x}", of_run(kEpochHigh), of_run(kEpochLow))};
  const MessageFrame frame{
      .machine = this->machine(index),
      .epoch = epoch,
      .boot = BootId{fmt::format("{:016x}{:016x}", hash(index, kBootHigh), hash(index, kBootLow))},
      .labels = labels_,
      .sender = epoch,
      .sent = now,
      .cpu_usage_percent = permille_text(machine.cpu_permille),
      .memory_usage_percent = permille_text(machine.memory_permille)};
  for (EncodedMessage& encoded : encode(frame, readings(machine, confirmed, now, is_last), seq_)) {
    to.push_back(std::move(encoded.message));
    ++seq_;
  }
}

void LoadFleet::confirm(std::int64_t index, UtcTime now) {
  confirmed_[static_cast<std::size_t>(index)] = now;
}

bool LoadFleet::is_confirmed(std::int64_t index, UtcTime now) const {
  return confirmed_[static_cast<std::size_t>(index)] >= now;
}

MachineUsage LoadFleet::confirmed_usage(std::int64_t index) const {
  MachineUsage usage{.machine = machine(index)};
  const UtcTime confirmed = confirmed_[static_cast<std::size_t>(index)];
  const std::string labels = to_text(labels_);
  for (const Reading& reading : readings(make_machine(index), start_, confirmed, false))
    for (const auto& [meter, quantity] : reading.used)
      usage.rows.push_back({.scope = reading.scope,
                            .labels = labels,
                            .time = to_string(reading.slot),
                            .meter = meter,
                            .quantity = quantity});
  return usage;
}

}  // namespace meterbill
