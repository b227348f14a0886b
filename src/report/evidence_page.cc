#include "report/evidence_page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/checked.h"
#include "base/printable.h"

namespace meterbill {
namespace {

/// `value`, or `value_base64` where it is no text.
void write_bytes(JsonWriter& json, const std::string& name, const ShownBytes& bytes) {
  json.string(bytes.is_base64 ? name + "_base64" : name, bytes.text);
}

void write_count(JsonWriter& json, std::string_view name, std::int64_t value) {
  json.string(name, std::to_string(value));
}

}  // namespace

ShownBytes shown_bytes(std::string_view bytes) {
  const bool is_text = printable(bytes) == bytes;
  return {is_text ? std::string(bytes) : to_base64(bytes), !is_text};
}

std::string to_string(const EvidenceCursor& cursor) {
  return fmt::format("{}/{}", cursor.batch, cursor.ordinal);
}

std::optional<EvidenceCursor> parse_evidence_cursor(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto batch = parse_count(text.substr(0, slash));
  const auto ordinal = parse_count(text.substr(slash + 1));
  if (!batch || !ordinal) return std::nullopt;
  return EvidenceCursor{batch.value(), ordinal.value()};
}

void write_reading(JsonWriter& json, const Reading& reading) {
  json.begin_object().string("scope", reading.scope.str());
  if (reading.cover) {
    write_count(json, "from_us", reading.cover->from_us);
    write_count(json, "to_us", reading.cover->to_us);
    write_count(json, "metered_us", reading.cover->metered_us);
    write_count(json, "estimated_us", reading.cover->estimated_us);
    write_count(json, "off_us", reading.cover->off_us);
  }
  json.boolean("final", reading.final).integer("scopes", reading.scopes).begin_object("used");
  for (const auto& [meter, quantity] : reading.used) write_count(json, meter.str(), quantity);
  json.end_object().end_object();
}

void begin_message(JsonWriter& json, const EvidenceMessage& message) {
  json.begin_object()
      .integer("batch", message.batch)
      .integer("ordinal", message.ordinal)
      .string("source", message.source)
      .integer("partition", message.partition)
      .integer("offset", message.offset)
      .string("recorded", to_string(message.recorded))
      .string("applied", to_string(message.applied))
      .boolean("released", message.is_released)
      .string("machine", message.machine)
      .string("epoch", message.epoch);
  write_bytes(json, "key", message.key);
  json.begin_array("headers");
  for (const ShownHeader& header : message.headers) {
    json.begin_object();
    write_bytes(json, "name", header.name);
    write_bytes(json, "value", header.value);
    json.end_object();
  }
  json.end_array();
  write_bytes(json, "value", message.value);
  json.integer("value_bytes", message.value_bytes)
      .string("value_sha256", message.value_sha256)
      .begin_array("readings");
  for (const Reading& reading : message.readings) write_reading(json, reading);
  json.end_array();
}

void write_stored(JsonWriter& json, const std::vector<StoredReading>& stored) {
  json.begin_array("stored");
  for (const StoredReading& row : stored) {
    json.begin_object()
        .string("machine", row.machine)
        .string("epoch", row.epoch)
        .string("standing", row.standing)
        .key("reading");
    write_reading(json, row.reading);
    json.end_object();
  }
  json.end_array();
}

void write_forgotten(JsonWriter& json, const std::optional<UtcTime>& forgotten) {
  json.string_or_null("forgotten_until", forgotten);
}

std::string evidence_page_json(const EvidencePage& page) {
  JsonWriter json;
  json.begin_object()
      .string("machine", page.machine.str())
      .string("slot", to_string(page.slot))
      .begin_array("messages");
  for (const EvidenceMessage& message : page.messages) {
    begin_message(json, message);
    json.end_object();
  }
  json.end_array();
  write_stored(json, page.stored);
  write_forgotten(json, page.forgotten);
  json.string_or_null("next", page.next);
  return json.end_object().take() + "\n";
}

}  // namespace meterbill
