#include "fuzz/wire_target.h"

#include <boost/crc.hpp>
#include <boost/json.hpp>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/row_codec.h"

namespace meterbill {
namespace {

void check_json(std::string_view bytes) {
  boost::json::parse_options options;
  options.max_depth = 100'000;
  boost::json::error_code oracle;
  boost::json::parse({bytes.data(), bytes.size()}, oracle, {}, options);
  const auto ours = parse_json(bytes);
  if (ours) {
    // Boost.JSON keeps numbers as doubles and gives up on the exponents we keep as text.
    MB_ASSERT(!oracle || oracle == boost::json::error::exponent_overflow);
  } else {
    const Reason reason = ours.error().reason;
    MB_ASSERT(oracle || reason == Reason::kTooDeep || reason == Reason::kDuplicateKey);
  }
}

/// The readings of a message when every one of them could be read.
std::vector<Reading> readings_of(const ReadingMessage& message) {
  std::vector<Reading> readings;
  for (const ReadingItem& item : message.items) {
    if (!std::holds_alternative<Reading>(item)) return {};
    readings.push_back(std::get<Reading>(item));
  }
  return readings;
}

void check_same(const Delivery& delivery, const ReadingMessage& want,
                std::span<const Reading> part) {
  const Message message = decode(delivery, Route::kHttp);
  MB_ASSERT(std::holds_alternative<ReadingMessage>(message));
  const auto& got = std::get<ReadingMessage>(message);
  MB_ASSERT(got.machine == want.machine && got.epoch == want.epoch && got.boot == want.boot);
  MB_ASSERT(got.labels == want.labels && got.seq >= want.seq);
  MB_ASSERT(got.cpu_usage_percent == want.cpu_usage_percent);
  MB_ASSERT(got.memory_usage_percent == want.memory_usage_percent);
  const std::vector<Reading> readings = readings_of(got);
  MB_ASSERT(std::vector(part.begin(), part.end()) == readings);
}

void check_round_trip(const ReadingMessage& message) {
  const std::vector<Reading> readings = readings_of(message);
  const MessageFrame frame{.machine = message.machine,
                           .epoch = message.epoch,
                           .boot = message.boot,
                           .labels = message.labels,
                           .sender = message.epoch,
                           .sent = {},
                           .cpu_usage_percent = message.cpu_usage_percent,
                           .memory_usage_percent = message.memory_usage_percent};
  std::size_t next = 0;
  constexpr std::int64_t kRoom = 100'000;  // the last messages' sequence numbers must fit too
  if (message.seq > std::numeric_limits<std::int64_t>::max() - kRoom) return;
  for (const EncodedMessage& encoded : encode(frame, readings, message.seq)) {
    MB_ASSERT(encoded.first == next && encoded.count > 0);
    next += encoded.count;
    const auto part = std::span(readings).subspan(encoded.first, encoded.count);
    Delivery delivery;
    delivery.value = encoded.message.value;
    delivery.headers = encoded.message.headers;
    check_same(delivery, message, part);
    delivery.headers.clear();
    delivery.value = structured(encoded.message);
    check_same(delivery, message, part);
  }
  MB_ASSERT(next == readings.size());
}

void check_decode(std::string_view bytes) {
  const std::vector<std::vector<Header>> modes{
      {},
      {{"content-type", "application/cloudevents+json"}},
      {{"ce_type", kReadingType}},
      {{"ce_type", kUsageType}, {"ce_id", "1"}, {"ce_source", "s"}, {"ce_subject", "m"}},
      {{"ce_type", kUsageType},
       {"ce_id", "1"},
       {"ce_source", "s"},
       {"ce_subject", "m"},
       {"ce_time", "2026-11-22T10:20:30Z"}}};
  for (const auto& headers : modes)
    for (const Route route : {Route::kKafka, Route::kHttp}) {
      Delivery delivery;
      delivery.value = bytes;
      delivery.headers = headers;
      const Message message = decode(delivery, route);
      if (const auto* readings = std::get_if<ReadingMessage>(&message)) check_round_trip(*readings);
      if (const auto* sample = std::get_if<Sample>(&message))
        MB_ASSERT(is_bare_sample(bytes) && !sample->machine.empty());
    }
}

void check_split(std::string_view bytes) {
  for (const bool batch : {false, true}) {
    const auto elements = split_body(bytes, batch);
    if (!elements) continue;
    const char* end = bytes.data();
    for (const BodyElement& element : elements.value()) {
      MB_ASSERT(!element.text.empty() && element.text.data() >= end);
      end = element.text.data() + element.text.size();
    }
    MB_ASSERT(end <= bytes.data() + bytes.size());
  }
}

void check_row(const std::string& bytes) {
  const auto row = unpack(bytes);
  if (row) MB_ASSERT(pack(row.value()) == bytes);
}

/// The bytes with the checksum a row ends with, so that what follows it is tried as well.
std::string sealed(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  std::string result(bytes);
  for (unsigned shift = 0; shift < 32; shift += 8)
    result += static_cast<char>(crc.checksum() >> shift & 0xFF);
  return result;
}

}  // namespace

void check_wire(std::string_view bytes) {
  check_json(bytes);
  check_decode(bytes);
  check_split(bytes);
  check_row(std::string(bytes));
  check_row(sealed(bytes));
}

}  // namespace meterbill
