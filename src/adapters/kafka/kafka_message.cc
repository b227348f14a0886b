#include "adapters/kafka/kafka_message.h"

#include <openssl/sha.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace meterbill {
namespace {

std::string text_of(const void* data, std::size_t size) {
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
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

Delivery to_delivery(const rd_kafka_message_t& message) {
  Delivery delivery;
  delivery.key = text_of(message.key, message.key_len);
  delivery.tombstone = message.payload == nullptr;
  delivery.value = text_of(message.payload, message.len);
  rd_kafka_timestamp_type_t type{};
  delivery.recorded.us = rd_kafka_message_timestamp(&message, &type) * 1'000;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return delivery;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    delivery.headers.push_back({name, text_of(value, size)});
  return delivery;
}

Sha256 anchor_digest(const Delivery& delivery) {
  std::string input;
  append_number(input, static_cast<std::uint64_t>(delivery.recorded.us));
  append_field(input, delivery.key);
  append_number(input, delivery.headers.size());
  for (const Header& header : delivery.headers) {
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

}  // namespace meterbill
