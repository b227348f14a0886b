#pragma once

#include <string>

#include "ports/ledger_store.h"

namespace meterbill {

inline constexpr MachineKey kWeb{1};
inline constexpr MachineKey kLab{2};
inline constexpr ScopeKey kWhole{1};
inline constexpr LabelSetKey kLabels{1};
inline constexpr MeterKey kCpu{1};
inline constexpr EpochKey kWebEpoch{1};
inline constexpr EpochKey kLabEpoch{2};
inline constexpr const char* kKafka = "kafka:abc/resource_usage";

/// 2026-11-22T10:00:00Z and the slots after it.
[[nodiscard]] Slot slot(std::int64_t index = 0);

/// A row of one epoch whose whole machine used so much cpu.
[[nodiscard]] UsageRow row(EpochKey epoch, std::int64_t cpu);
[[nodiscard]] TotalKey total_of(MachineKey machine);
[[nodiscard]] PartitionPosition position(std::int64_t next_offset);
/// Of partition 0.
[[nodiscard]] Gap gap(std::int64_t from, std::int64_t to);
[[nodiscard]] Delivery delivery(const std::string& value);
[[nodiscard]] EvidenceBlock evidence(const std::vector<EvidenceItem>& items,
                                     std::vector<RowKey> touched, UtcTime at);
/// Bytes that do not compress.
[[nodiscard]] std::string noise(std::size_t bytes);
[[nodiscard]] QuarantineItem refused(const std::string& reading_key, std::int64_t weight,
                                     const std::string& value);

/// Three batches that touch every part of a ledger, to be committed in this order: names and a
/// row, then growth with quarantine and a hold, then another machine.
[[nodiscard]] WriteSet batch(int number);

}  // namespace meterbill
