#pragma once

#include "wire/envelope.h"
#include "wire/json.h"
#include "wire/message.h"

namespace meterbill {

/// The forms a delivery can have, each from its JSON value; used by `decode` alone.

[[nodiscard]] Read<MachineId> machine_of(const JsonValue& value);

/// `io.meterbill.reading.v1`. Faults of one reading stay in its item.
[[nodiscard]] Read<ReadingMessage> read_readings(const JsonValue& value);

/// The prototype's three fields.
[[nodiscard]] Read<Sample> read_sample(const JsonValue& value);

/// `io.meterbill.usage.v1`.
[[nodiscard]] Read<UsageEvent> read_usage(const Attributes& attributes, const JsonValue& data);

}  // namespace meterbill
