#pragma once

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

/// Cuts the body of POST /api/v1/events into its elements, each the exact bytes of one structured
/// event. `batch` as the content type says: an array, else one object. kInvalid (HTTP 400) when it
/// is not that, not JSON, over 1 MiB or over 10,000 elements; an element's own faults are found by
/// `decode`.
[[nodiscard]] Result<std::vector<std::string_view>> split_body(std::string_view body, bool batch);

/// A bare sample (no CloudEvents envelope): over HTTP it has no identity, and the whole request is
/// refused.
[[nodiscard]] bool is_bare_sample(std::string_view element);

}  // namespace meterbill
