#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "domain/hold.h"
#include "domain/reading.h"
#include "wire/message.h"

namespace meterbill {

/// One run of an agent: an epoch.
struct HistoryRun {
  std::string machine;
  std::string epoch;
  std::string boot;
  Labels labels;
};

/// What becomes of a message whose readings are quarantined.
enum class Verdict { kReleased, kDiscarded };

/// Readings of one run, sent together.
struct HistoryMessage {
  std::size_t run = 0;  ///< index into History::runs
  std::vector<Reading> readings;
  bool is_last = false;  ///< says all that is ever said of its slot and scopes: never lost
  Verdict verdict = Verdict::kReleased;
};

struct HistorySample {
  std::string machine;
  std::int64_t cpu_tenths = 0;  ///< of a percent
  std::int64_t memory_tenths = 0;
  UtcTime at;
};

struct HistoryEvent {
  std::string machine;
  std::string id;
  std::string scope;
  std::int64_t frames_tenths = 0;
  UtcTime at;
};

struct HistoryDecision {
  std::string machine;
  std::string boot;  ///< of kSum: empty
  Decision decision = Decision::kKeep;
  std::string renamed_to;
};

/// All that ever happens: in which order, and how often, is the delivery's.
///
/// Left out is what is first come, first kept by design (docs/wire.md, section 4): other labels or
/// another boot id for a known epoch, a known event id with another quantity, and what is past a
/// limit.
struct History {
  std::vector<HistoryRun> runs;
  std::vector<HistoryMessage> messages;
  std::vector<HistorySample> samples;
  std::vector<HistoryEvent> events;
  /// What the operator decides about one boot, or about the sum of all; a later decision replaces
  /// an earlier one, so within such a list the order stands, and only there.
  std::vector<std::vector<HistoryDecision>> decisions;
};

/// Machines that are restarted, rebooted and switched off, whose clocks and labels are changed,
/// that share a name or a boot with another, whose parts come to more than the machine, and whose
/// readings are sometimes not believed; with samples, usage events and an operator.
[[nodiscard]] History random_history(std::uint64_t seed);

/// The record of a message, in Kafka's binary mode.
[[nodiscard]] OutgoingMessage message_of(const History& history, const HistoryMessage& message);
[[nodiscard]] std::string value_of(const HistorySample& sample);
/// In structured mode.
[[nodiscard]] std::string value_of(const HistoryEvent& event);

}  // namespace meterbill
