#include "cli/evidence_page_reader.h"

#include <boost/json.hpp>

#include "cli/json_members.h"
#include "cli/page_members.h"

namespace meterbill {
namespace {

namespace json = boost::json;

Result<ShownBytes> bytes_of(const json::value& object, const std::string& name) {
  const std::string base64 = name + "_base64";
  if (object.is_object() && object.as_object().contains(base64)) {
    MB_TRY(std::string text, required_text(object, base64));
    return ShownBytes{std::move(text), true};
  }
  MB_TRY(std::string text, required_text(object, name));
  return ShownBytes{std::move(text), false};
}

Result<Cover> cover_of(const json::value& object) {
  Cover cover;
  MB_TRY(cover.from_us, required_count(object, "from_us"));
  MB_TRY(cover.to_us, required_count(object, "to_us"));
  MB_TRY(cover.metered_us, required_count(object, "metered_us"));
  MB_TRY(cover.estimated_us, required_count(object, "estimated_us"));
  MB_TRY(cover.off_us, required_count(object, "off_us"));
  return cover;
}

Result<Reading> reading_of(const json::value& object, Slot slot) {
  Reading reading;
  reading.slot = slot;
  MB_TRY(std::string scope, required_text(object, "scope"));
  reading.scope = ScopeName{std::move(scope)};
  if (object.as_object().contains("from_us")) {
    MB_TRY(reading.cover, cover_of(object));
  }
  MB_TRY(reading.final, required_flag(object, "final"));
  MB_TRY(reading.scopes, required_count(object, "scopes"));
  MB_TRY(const json::value* used, required(object, "used"));
  if (!used->is_object()) return unexpected_member("used");
  for (const auto& entry : used->as_object()) {
    const std::string meter(entry.key());
    MB_TRY(const std::int64_t quantity, required_count(*used, meter));
    reading.used[MeterName{meter}] = quantity;
  }
  return reading;
}

Result<std::vector<ShownHeader>> headers_of(const json::value& object) {
  MB_TRY(const json::array* found, required_array(object, "headers"));
  std::vector<ShownHeader> headers;
  for (const json::value& header : *found) {
    MB_TRY(ShownBytes name, bytes_of(header, "name"));
    MB_TRY(ShownBytes value, bytes_of(header, "value"));
    headers.push_back({std::move(name), std::move(value)});
  }
  return headers;
}

Result<EvidenceMessage> message_of(const json::value& object, Slot slot) {
  EvidenceMessage message;
  MB_TRY(message.batch, required_count(object, "batch"));
  MB_TRY(message.ordinal, required_count(object, "ordinal"));
  MB_TRY(message.source, required_text(object, "source"));
  MB_TRY(message.partition, required_integer(object, "partition"));
  MB_TRY(message.offset, required_integer(object, "offset"));
  MB_TRY(message.recorded, required_time(object, "recorded"));
  MB_TRY(message.applied, required_time(object, "applied"));
  MB_TRY(message.is_released, required_flag(object, "released"));
  MB_TRY(message.machine, required_text(object, "machine"));
  MB_TRY(message.epoch, required_text(object, "epoch"));
  MB_TRY(message.key, bytes_of(object, "key"));
  MB_TRY(message.headers, headers_of(object));
  MB_TRY(message.value, bytes_of(object, "value"));
  MB_TRY(message.value_bytes, required_count(object, "value_bytes"));
  MB_TRY(message.value_sha256, required_text(object, "value_sha256"));
  MB_TRY(const json::array* readings, required_array(object, "readings"));
  for (const json::value& reading : *readings) {
    MB_TRY(Reading read, reading_of(reading, slot));
    message.readings.push_back(std::move(read));
  }
  return message;
}

Result<StoredReading> stored_of(const json::value& object, Slot slot) {
  StoredReading stored;
  MB_TRY(stored.machine, required_text(object, "machine"));
  MB_TRY(stored.epoch, required_text(object, "epoch"));
  MB_TRY(stored.standing, required_text(object, "standing"));
  MB_TRY(const json::value* reading, required(object, "reading"));
  MB_TRY(stored.reading, reading_of(*reading, slot));
  return stored;
}

Result<std::optional<EvidenceCursor>> next_of(const json::value& page) {
  MB_TRY(const json::value* next, required(page, "next"));
  if (next->is_null()) return std::optional<EvidenceCursor>();
  MB_TRY(const std::string written, required_text(page, "next"));
  const auto cursor = parse_evidence_cursor(written);
  if (!cursor) return unexpected_member("next");
  return cursor;
}

}  // namespace

Result<EvidencePage> read_evidence_page(const std::string& body) {
  MB_TRY(const json::value value, parse_answer(body));
  EvidencePage page;
  MB_TRY(std::string machine, required_text(value, "machine"));
  page.machine = MachineId{std::move(machine)};
  MB_TRY(page.slot, required_slot(value, "slot"));
  MB_TRY(const json::array* messages, required_array(value, "messages"));
  for (const json::value& message : *messages) {
    MB_TRY(EvidenceMessage read, message_of(message, page.slot));
    page.messages.push_back(std::move(read));
  }
  MB_TRY(const json::array* stored, required_array(value, "stored"));
  for (const json::value& row : *stored) {
    MB_TRY(StoredReading read, stored_of(row, page.slot));
    page.stored.push_back(std::move(read));
  }
  MB_TRY(const json::value* forgotten, required(value, "forgotten_until"));
  if (!forgotten->is_null()) {
    MB_TRY(page.forgotten, required_time(value, "forgotten_until"));
  }
  MB_TRY(page.next, next_of(value));
  return page;
}

}  // namespace meterbill
