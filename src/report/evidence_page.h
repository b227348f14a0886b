#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/hold.h"
#include "domain/reading.h"
#include "report/json_writer.h"

namespace meterbill {

/// Bytes that came from outside, exact: as text where people may see them as they stand, or base64.
struct ShownBytes {
  std::string text;
  bool is_base64 = false;
  friend bool operator==(const ShownBytes&, const ShownBytes&) = default;
};
[[nodiscard]] ShownBytes shown_bytes(std::string_view bytes);

struct ShownHeader {
  ShownBytes name;
  ShownBytes value;
  friend bool operator==(const ShownHeader&, const ShownHeader&) = default;
};

/// A message kept as evidence, with what it says of one slot of one machine.
struct EvidenceMessage {
  std::int64_t batch = 0;    ///< with `ordinal` its address in the ledger
  std::int64_t ordinal = 0;  ///< counted from 0
  std::string source = {};   ///< `http` or `kafka:<cluster>/<topic>`
  std::int64_t partition = 0;
  std::int64_t offset = 0;   ///< of HTTP: which request, counted from the worker's start
  UtcTime recorded = {};     ///< Kafka's record time, or when it came over HTTP
  UtcTime applied = {};      ///< when its batch was
  bool is_released = false;  ///< applied on an operator's word
  std::string machine = {};  ///< the name it came under; of a renamed boot not the one asked for
  std::string epoch = {};    ///< `samples` and `events` for what has none
  ShownBytes key = {};
  std::vector<ShownHeader> headers = {};
  ShownBytes value = {};
  std::int64_t value_bytes = 0;
  std::string value_sha256 = {};       ///< hex
  std::vector<Reading> readings = {};  ///< of the slot, as applied; a sample or usage event is one
};

/// What the ledger holds of one scope of one epoch in the slot.
struct StoredReading {
  std::string machine = {};  ///< as EvidenceMessage::machine
  std::string epoch = {};
  std::string standing = {};  ///< `billed`, `renamed`, `held` or `discarded`
  Reading reading = {};
};

/// The first message of the next page.
struct EvidenceCursor {
  std::int64_t batch = 0;
  std::int64_t ordinal = 0;
  friend bool operator==(const EvidenceCursor&, const EvidenceCursor&) = default;
};
[[nodiscard]] std::string to_string(const EvidenceCursor& cursor);  ///< `12/3`
[[nodiscard]] std::optional<EvidenceCursor> parse_evidence_cursor(std::string_view text);

/// A piece of the messages with something of one slot of one machine, in the order in which they
/// were applied: all that made it grow, and some that said nothing new. The last one has what the
/// ledger holds, of the same commit.
struct EvidencePage {
  MachineId machine;
  Slot slot;
  std::vector<EvidenceMessage> messages = {};
  std::optional<EvidenceCursor> next = {};  ///< absent: this is the last
  std::vector<StoredReading> stored = {};   ///< on the last page
  std::optional<UtcTime> forgotten = {};    ///< LedgerFacts::evidence_forgotten
};

/// Body of /api/v1/evidence.
[[nodiscard]] std::string evidence_page_json(const EvidencePage& page);

// Its pieces. A message is left open for more members.
void begin_message(JsonWriter& json, const EvidenceMessage& message);
void write_reading(JsonWriter& json, const Reading& reading);
void write_stored(JsonWriter& json, const std::vector<StoredReading>& stored);
void write_forgotten(JsonWriter& json, const std::optional<UtcTime>& forgotten);

}  // namespace meterbill
