#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/sighting.h"
#include "ports/source.h"
#include "wire/message.h"

namespace meterbill {

/// What one source delivered for a portion of a batch.
struct SourceBatch {
  std::string source = {};  ///< `http` or `kafka:…`: the name in the ledger
  Route route = Route::kKafka;
  std::vector<Arrival> arrivals = {};
  std::vector<Gap> gaps = {};
  std::map<std::int32_t, PartitionPosition> positions = {};  ///< as applied so far
  const Source* digests = nullptr;     ///< who hashes anchors; needed for Kafka alone
  std::vector<Message> messages = {};  ///< what each arrival says, once it is decoded
};

/// Which item this is: source, arrival, and which reading of the message (none: the whole
/// delivery).
struct ItemOrigin {
  std::size_t source = 0;
  std::size_t arrival = 0;
  std::optional<std::int32_t> ordinal;
};

/// What the readings of one message share.
struct MessageHead {
  MachineId machine;
  EpochId epoch;
  BootId boot;
  Labels labels;
  Sighting seen;
};

struct ReadyReading {
  ItemOrigin origin;
  std::size_t head = 0;  ///< index into Items::heads
  Reading reading;
};

struct ReadySample {
  ItemOrigin origin;
  Sample sample;
  Slot slot;
};

struct ReadyEvent {
  ItemOrigin origin;
  UsageEvent event;
  Slot slot;
};

struct RefusedItem {
  ItemOrigin origin;
  Rejection rejection;
  std::string machine;      ///< as far as it could be read
  std::string reading_key;  ///< of one reading: machine/epoch/slot/scope
  std::int64_t weight = 0;
};

/// A batch after the phases `decode` and `check`: only plausible items, and what was refused.
struct Items {
  std::vector<MessageHead> heads;
  std::vector<ReadyReading> readings;
  std::vector<ReadySample> samples;
  std::vector<ReadyEvent> events;
  std::vector<RefusedItem> refused;
  std::vector<ItemOrigin> probes;
};

/// Which checks an operator's release waives.
enum class Checks {
  kAll,
  kReleased,  ///< time, plausibility and replay are the operator's word; ranges are not
};

/// The phase `decode`. Pure, and the same whatever is applied meanwhile.
void decode_all(std::span<SourceBatch> batches);

/// The phase `check`: each item by itself. Pure. Arrivals below the applied position are passed
/// over: they were applied already and counted then. Takes the messages out of `batches`, decoding
/// them if that was not done.
[[nodiscard]] Items read_items(std::span<SourceBatch> batches, UtcTime now,
                               std::optional<UtcTime> ids_forgotten_before,
                               Checks checks = Checks::kAll);

/// `machine/epoch/slot/scope`.
[[nodiscard]] std::string reading_key(const MessageHead& head, const Reading& reading);

/// Sum of all that grows in a reading, saturating: tells which of two readings of one key is the
/// greater. The last one often differs from the one before by `final` alone, and a release without
/// it would leave its slot incomplete.
[[nodiscard]] std::int64_t weight_of(const Reading& reading);

}  // namespace meterbill
