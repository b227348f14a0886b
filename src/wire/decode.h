#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/message.h"

namespace meterbill {

/// Reads one delivery of any form in docs/wire.md: binary-mode CloudEvents (ce_* headers),
/// structured mode (content type `application/cloudevents+json` in a header, or the value is an
/// object with "specversion"), the prototype's bare sample. Never fails: what cannot be read is a
/// Rejection. Pure; numbers are taken from their text, exactly.
[[nodiscard]] Message decode(const Delivery& delivery, Route route);

/// One event of the body of POST /api/v1/events.
struct BodyElement {
  std::string_view text;  ///< its exact bytes, in the body
  /// What `decode` makes of them as a structured event over HTTP. Nothing if that takes more memory
  /// than the text: a thousand bad readings fit into 3 kB, and the fault of each has a text.
  std::optional<Message> message = {};
  bool is_bare_sample = false;
};

/// Cuts the body of POST /api/v1/events into its elements, and reads each: once, for it costs as
/// much as to bill it. `batch` as the content type says: an array, else one object. kInvalid (HTTP
/// 400) when it is not that, not JSON, over 1 MiB or over 10,000 elements; an element's own faults
/// are in its message.
[[nodiscard]] Result<std::vector<BodyElement>> split_body(std::string_view body, bool batch);

/// A bare sample (no CloudEvents envelope): over HTTP it has no identity, and the whole request is
/// refused.
[[nodiscard]] bool is_bare_sample(std::string_view element);

}  // namespace meterbill
