#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wire/decode.h"

namespace meterbill {

inline constexpr const char* kEpochText = "6f1c0000000000000000000000000001";

inline Delivery delivery(std::string value, std::vector<Header> headers = {}) {
  Delivery made;
  made.value = std::move(value);
  made.headers = std::move(headers);
  return made;
}

/// `text` with the first `from` replaced; a test that names what is not there must not pass.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) std::abort();
  return text.replace(at, from.size(), to);
}

/// The example of docs/wire.md.
inline std::string reading_value() {
  return R"({"machine_id":"web-1","cpu_usage":37.5,"memory_usage":61.2,)"
         R"("epoch":"6f1c0000000000000000000000000001","boot_id":"8c9d-11",)"
         R"("labels":{"site":"lab-3"},"seq":1234,"readings":[)"
         R"({"slot":"2026-11-22T10:15:00Z","scope":"machine","from_us":"7813456789",)"
         R"("to_us":"8123456789","metered_us":"310000000","estimated_us":"0","off_us":"0",)"
         R"("final":false,"scopes":2,"used":{"cpu":"123456789","cpu_capacity":"620000000",)"
         R"("uptime":"310000000"}},)"
         R"({"slot":"2026-11-22T10:15:00Z","scope":"service:nginx.service",)"
         R"("used":{"cpu":"4567"}}]})";
}

inline std::string usage_event() {
  return R"({"specversion":"1.0","id":"render-17","source":"urn:app:render","subject":"web-1",)"
         R"("type":"io.meterbill.usage.v1","data":{"scope":"user:anna","meter":"pages",)"
         R"("quantity":"12.5","unit":"unit","time":"2026-11-22T10:20:30Z"}})";
}

/// "too_large" when it was refused, else the name of its form: one text to compare with.
inline std::string outcome(const Message& message) {
  if (const auto* rejection = std::get_if<Rejection>(&message))
    return std::string(to_string(rejection->reason));
  return std::vector<std::string>{"reading", "sample", "usage", "probe"}[message.index()];
}
inline std::string outcome(const ReadingItem& item) {
  if (const auto* rejection = std::get_if<Rejection>(&item))
    return std::string(to_string(rejection->reason));
  return "reading";
}

}  // namespace meterbill
