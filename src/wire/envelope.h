#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/json.h"
#include "wire/message.h"

namespace meterbill {

/// The CloudEvents 1.0 attributes we use, as they stand in the headers or the document. Absent ones
/// are empty.
struct Attributes {
  std::string_view specversion;
  std::string_view id;
  std::string_view source;
  std::string_view type;
  std::string_view subject;
  std::string_view time;
};

/// The attributes of Kafka's binary mode: headers `ce_id`, … in any case. Nothing when there is
/// neither a `ce_specversion` nor a `ce_type`: no event then. kDuplicateKey for one given twice.
[[nodiscard]] Read<std::optional<Attributes>> binary_attributes(const Headers& headers);

/// True if a content-type header announces the structured mode: `application/cloudevents…`.
[[nodiscard]] bool announces_structured(const Headers& headers);

/// An event of structured mode taken apart. `data` points into the document it was read from, or
/// into `decoded` when it came as base64.
struct StructuredEvent {
  Attributes attributes;
  std::optional<JsonDocument> decoded;
  std::optional<JsonValue> data;  ///< absent: the event has none
};
[[nodiscard]] Read<StructuredEvent> open_structured(const JsonValue& root);

/// kMissingField without a type, kUnknownType for another version of CloudEvents than 1.0.
[[nodiscard]] std::optional<Rejection> unfit(const Attributes& attributes);

/// RFC 4648 §4 with padding, nothing else; nothing when it is not that.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace meterbill
