#pragma once

#include "wire/envelope.h"
#include "wire/json.h"
#include "wire/message.h"

namespace meterbill {

/// The forms a delivery can have, each from its JSON value; used by `decode` and `split_body`.

/// A value that stands for itself, without attributes in headers. `announced`: its content type
/// says that it is an event in structured mode.
[[nodiscard]] Message read_value(const JsonValue& value, bool announced, Route route);

/// See decode.h.
[[nodiscard]] bool is_bare_sample(const JsonValue& value);

/// kTooLarge: over kValueBytesMax.
[[nodiscard]] std::optional<Rejection> oversized(std::string_view value);

[[nodiscard]] Read<MachineId> machine_of(const JsonValue& value);

/// `io.meterbill.reading.v1`. Faults of one reading stay in its item.
[[nodiscard]] Read<ReadingMessage> read_readings(const JsonValue& value);

/// The prototype's three fields.
[[nodiscard]] Read<Sample> read_sample(const JsonValue& value);

/// `io.meterbill.usage.v1`.
[[nodiscard]] Read<UsageEvent> read_usage(const Attributes& attributes, const JsonValue& data);

}  // namespace meterbill
