#include "wire/decode.h"

#include <fmt/format.h>

#include "wire/envelope.h"
#include "wire/fields.h"
#include "wire/forms.h"

namespace meterbill {
namespace {

using Kind = JsonValue::Kind;

Message message_of(auto read) {
  if (!read) return std::move(read).error();
  return std::move(read).value();
}

/// A refused message is of that machine, if it is a name and nothing better was read.
Message of_machine(Message message, std::string_view name) {
  auto* rejection = std::get_if<Rejection>(&message);
  if (rejection != nullptr && rejection->machine.empty() && is_machine_id(name))
    rejection->machine = name;
  return message;
}

/// What its `machine_id` says, before it is known to be right.
Message of_its_machine(Message message, const JsonValue& value) {
  const auto name = value.find("machine_id");
  const bool is_text = name && name->is(Kind::kString);
  return of_machine(std::move(message), is_text ? name->text() : std::string_view());
}

Message read_typed(const Attributes& attributes, const std::optional<JsonValue>& data) {
  if (auto rejection = unfit(attributes)) return std::move(*rejection);
  if (attributes.type == kProbeType) return Probe{};
  if (attributes.type != kReadingType && attributes.type != kUsageType)
    return reject(Reason::kUnknownType, fmt::format("type {}", excerpt(attributes.type)));
  if (!data) return reject(Reason::kMissingField, "the event has no data");
  const auto body = object(*data, "data");
  if (!body) return body.error();
  if (attributes.type == kReadingType)
    return of_its_machine(message_of(read_readings(body.value())), body.value());
  return message_of(read_usage(attributes, body.value()));
}

Message read_event(const Attributes& attributes, const std::optional<JsonValue>& data) {
  return of_machine(read_typed(attributes, data), attributes.subject);
}

/// Without an envelope: a reading if it has an epoch, else the prototype's sample. A value with an
/// epoch is never a sample, whatever else is wrong with it.
Message read_bare(const JsonValue& root, Route route) {
  if (root.find("epoch")) return of_its_machine(message_of(read_readings(root)), root);
  if (route == Route::kHttp)
    return reject(Reason::kMissingField, "a sample over HTTP has no identity: 'epoch' is missing");
  return of_its_machine(message_of(read_sample(root)), root);
}

/// An object with "specversion" is an event in structured mode. So is what its content type says
/// is one, unless it is a bare reading.
bool is_structured(const JsonValue& root, bool announced) {
  return root.find("specversion") || (announced && !root.find("epoch"));
}

/// Before anything else is done with them: the broker lets through what fits into a record.
std::optional<Rejection> oversized_parts(const Delivery& delivery) {
  if (auto rejection = oversized(delivery.value)) return rejection;
  if (delivery.headers.size() > kHeadersMax)
    return reject(Reason::kTooLarge,
                  fmt::format("{} headers, at most {}", delivery.headers.size(), kHeadersMax));
  const std::size_t bytes = delivery.key.size() + delivery.headers.bytes();
  if (bytes > kHeaderBytesMax)
    return reject(Reason::kTooLarge,
                  fmt::format("{} bytes of key and headers, at most {}", bytes, kHeaderBytesMax));
  return std::nullopt;
}

}  // namespace

Read<MachineId> machine_of(const JsonValue& value) {
  MB_TRY(const std::string_view text, required_text(value, "machine_id"));
  if (!is_machine_id(text))
    return reject(
        Reason::kBadMachine,
        fmt::format("machine_id {} of {} bytes is not [A-Za-z0-9][A-Za-z0-9._:-]{{0,127}}",
                    excerpt(text), text.size()));
  return MachineId(std::string(text));
}

Message decode(const Delivery& delivery, Route route) {
  if (delivery.tombstone) return reject(Reason::kTombstone, "a record without a value");
  if (auto rejection = oversized_parts(delivery)) return std::move(*rejection);
  const auto binary = binary_attributes(delivery.headers);
  if (!binary) return binary.error();
  const bool structured = announces_structured(delivery.headers);
  // A probe's value says nothing, so it is not looked at.
  if (!structured && binary.value() && binary.value()->type == kProbeType) return Probe{};
  const auto document = parse_json(delivery.value);
  if (!document) return document.error();
  const JsonValue value = document.value().root();
  if (structured || !binary.value()) return read_value(value, structured, route);
  const auto root = object(value, "value");
  if (!root) return root.error();
  return read_event(*binary.value(), root.value());
}

Message read_value(const JsonValue& value, bool announced, Route route) {
  const auto root = object(value, "value");
  if (!root) return root.error();
  if (!is_structured(root.value(), announced)) return read_bare(root.value(), route);
  const auto event = open_structured(root.value());
  if (!event) return event.error();
  return read_event(event.value().attributes, event.value().data);
}

std::optional<Rejection> oversized(std::string_view value) {
  if (value.size() <= kValueBytesMax) return std::nullopt;
  return reject(Reason::kTooLarge,
                fmt::format("{} bytes, at most {}", value.size(), kValueBytesMax));
}

bool is_bare_sample(const JsonValue& value) {
  return value.is(Kind::kObject) && !value.find("specversion") && !value.find("epoch") &&
         (value.find("machine_id") || value.find("cpu_usage") || value.find("memory_usage"));
}

bool is_bare_sample(std::string_view element) {
  const auto document = parse_json(element);
  return document && is_bare_sample(document.value().root());
}

}  // namespace meterbill
