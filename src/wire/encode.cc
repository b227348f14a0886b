#include "wire/encode.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/json_text.h"
#include "wire/json_number.h"
#include "wire/json_write.h"

namespace meterbill {
namespace {

constexpr std::string_view kAttributePrefix = "ce_";
constexpr std::string_view kTail = "]}";

void append_total(std::string& out, std::string_view name, std::int64_t value) {
  MB_ASSERT(value >= 0);
  append_json_member(out, name, fmt::format("{}", value));
}

/// A JSON number: consumers of the prototype's message expect one.
void append_percent(std::string& out, std::string_view name, std::string_view decimal) {
  if (decimal.empty()) return;
  MB_ASSERT(is_json_number(decimal));
  append_json_key(out, name);
  out += decimal;
}

void append_labels(std::string& out, const Labels& labels) {
  append_json_key(out, "labels");
  out += '{';
  for (const auto& [key, value] : labels) append_json_member(out, key, value);
  out += '}';
}

/// The value up to its first reading.
std::string head(const MessageFrame& frame, std::int64_t seq) {
  std::string out = "{";
  append_json_member(out, "machine_id", frame.machine.str());
  append_percent(out, "cpu_usage", frame.cpu_usage_percent);
  append_percent(out, "memory_usage", frame.memory_usage_percent);
  append_json_member(out, "epoch", frame.epoch.str());
  append_json_member(out, "boot_id", frame.boot.str());
  append_labels(out, frame.labels);
  append_json_key(out, "seq");
  out += fmt::format("{}", seq);
  append_json_key(out, "readings");
  out += '[';
  return out;
}

std::string text_of(const Reading& reading) {
  std::string out = "{";
  append_json_member(out, "slot", to_string(reading.slot));
  append_json_member(out, "scope", reading.scope.str());
  if (reading.cover) {
    append_total(out, "from_us", reading.cover->from_us);
    append_total(out, "to_us", reading.cover->to_us);
    append_total(out, "metered_us", reading.cover->metered_us);
    append_total(out, "estimated_us", reading.cover->estimated_us);
    append_total(out, "off_us", reading.cover->off_us);
  }
  if (reading.cover || reading.final) {
    append_json_key(out, "final");
    out += reading.final ? "true" : "false";
  }
  if (reading.scopes > 0) {
    append_json_key(out, "scopes");
    out += fmt::format("{}", reading.scopes);
  }
  append_json_key(out, "used");
  out += '{';
  for (const auto& [meter, value] : reading.used) append_total(out, meter.str(), value);
  out += "}}";
  return out;
}

OutgoingMessage frame_of(const MessageFrame& frame, std::int64_t seq) {
  OutgoingMessage message;
  message.key = frame.machine.str();
  message.headers = {
      {"ce_specversion", "1.0"},
      {"ce_id", fmt::format("{}-{}", frame.sender.str(), seq)},
      {"ce_source", "urn:meterbill:agent:" + frame.machine.str()},
      {"ce_type", kReadingType},
      {"ce_time", to_string(frame.sent)},
      {"ce_subject", frame.machine.str()},
      {"content-type", "application/json"},
  };
  message.value = head(frame, seq);
  return message;
}

}  // namespace

std::vector<EncodedMessage> encode(const MessageFrame& frame, std::span<const Reading> readings,
                                   std::int64_t seq) {
  std::vector<EncodedMessage> messages;
  std::size_t room = 0;  // bytes the newest message can still take
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const std::string text = text_of(readings[i]);
    if (messages.empty() || text.size() + 1 > room || messages.back().count == kReadingsMax) {
      const auto number = seq + static_cast<std::int64_t>(messages.size());
      messages.push_back({.message = frame_of(frame, number), .first = i, .count = 0});
      const std::size_t taken = structured(messages.back().message).size() + kTail.size();
      MB_ASSERT(taken + text.size() <= kValueBytesMax);  // names have limits that add up to less
      room = kValueBytesMax - taken;
    } else {
      messages.back().message.value += ',';
      --room;
    }
    EncodedMessage& newest = messages.back();
    newest.message.value += text;
    room -= text.size();
    ++newest.count;
    ++newest.message.readings;
  }
  for (EncodedMessage& message : messages) message.message.value += kTail;
  return messages;
}

std::string structured(const OutgoingMessage& message) {
  std::string out = "{";
  for (const Header& header : message.headers) {
    if (header.name.starts_with(kAttributePrefix))
      append_json_member(out, header.name.substr(kAttributePrefix.size()), header.value);
    else if (header.name == "content-type")
      append_json_member(out, "datacontenttype", header.value);
  }
  append_json_key(out, "data");
  out += message.value;
  out += '}';
  return out;
}

}  // namespace meterbill
