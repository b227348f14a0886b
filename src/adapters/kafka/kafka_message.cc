#include "adapters/kafka/kafka_message.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "adapters/kafka/kafka_handle.h"

namespace meterbill {
namespace {

std::string_view view_of(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

void append_number(std::string& into, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    into += static_cast<char>(static_cast<std::uint8_t>(number >> shift));
}

void append_field(std::string& into, std::string_view field) {
  append_number(into, field.size());
  into += field;
}

}  // namespace

UtcTime record_time(std::int64_t milliseconds) {
  constexpr std::int64_t kFirst = -62'167'219'200'000;  // 0000-01-01T00:00:00Z
  constexpr std::int64_t kLast = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
  return {std::clamp(milliseconds, kFirst, kLast) * 1'000};
}

Delivery to_delivery(const rd_kafka_message_t& message) {
  Delivery delivery;
  delivery.key = view_of(message.key, message.key_len);
  delivery.tombstone = message.payload == nullptr;
  delivery.value = view_of(message.payload, message.len);
  rd_kafka_timestamp_type_t type{};
  delivery.recorded = record_time(rd_kafka_message_timestamp(&message, &type));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return delivery;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  const auto get = [&](std::size_t index) {
    return rd_kafka_header_get_all(headers, index, &name, &value, &size) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; get(count); ++count) bytes += std::strlen(name) + size;
  delivery.headers.reserve(count, bytes);
  for (std::size_t index = 0; get(index); ++index) delivery.headers.add(name, view_of(value, size));
  return delivery;
}

Sha256 anchor_digest(const Delivery& delivery) {
  std::string input;
  append_number(input, static_cast<std::uint64_t>(delivery.recorded.us));
  append_field(input, delivery.key);
  append_number(input, delivery.headers.size());
  for (const Headers::View header : delivery.headers) {
    append_field(input, header.name);
    append_field(input, header.value);
  }
  if (delivery.tombstone)
    append_number(input, std::numeric_limits<std::uint64_t>::max());
  else
    append_field(input, delivery.value);
  Sha256 digest{};
  SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest.data());
  return digest;
}

rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic,
                            const OutgoingMessage& message, void* opaque) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
  for (const Header& header : message.headers)
    rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  std::array<rd_kafka_vu_t, 6> fields{};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = topic.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_KEY;
  fields[1].u.mem = {const_cast<char*>(message.key.data()), message.key.size()};
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[2].u.mem = {const_cast<char*>(message.value.data()), message.value.size()};
  fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[3].u.i = RD_KAFKA_MSG_F_COPY;
  fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[4].u.headers = headers;
  fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[5].u.ptr = opaque;
  const KafkaPtr<rd_kafka_error_t> error{
      rd_kafka_produceva(producer, fields.data(), fields.size())};
  if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
  // The producer takes the headers only when it takes the message.
  rd_kafka_headers_destroy(headers);
  return rd_kafka_error_code(error.get());
}

}  // namespace meterbill
