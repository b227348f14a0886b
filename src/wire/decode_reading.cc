#include <fmt/format.h>

#include <algorithm>

#include "wire/fields.h"
#include "wire/forms.h"

namespace meterbill {
namespace {

using Kind = JsonValue::Kind;

Read<EpochId> epoch_of(const JsonValue& value) {
  MB_TRY(const std::string_view text, required_text(value, "epoch"));
  if (!is_epoch(text))
    return reject(Reason::kBadName, fmt::format("epoch {} is not 32 hex digits", excerpt(text)));
  return EpochId(std::string(text));
}

Read<BootId> boot_of(const JsonValue& value) {
  MB_TRY(const std::string_view text, required_text(value, "boot_id"));
  if (!is_boot_id(text))
    return reject(Reason::kBadName,
                  fmt::format("boot_id {} is not 1 to 64 visible ASCII characters", excerpt(text)));
  return BootId(std::string(text));
}

Read<Labels> labels_of(const JsonValue& value) {
  Labels labels;
  const auto found = value.find("labels");
  if (!found) return labels;
  MB_TRY(const JsonValue members, object(*found, "labels"));
  if (members.size() > kLabelsMax)
    return reject(Reason::kBadLabel,
                  fmt::format("{} labels, at most {}", members.size(), kLabelsMax));
  for (const JsonValue member : members) {
    if (!is_label_key(member.key()))
      return reject(Reason::kBadLabel, fmt::format("label key {}", excerpt(member.key())));
    MB_TRY(const std::string_view text, required_text(members, member.key()));
    if (text.size() > kLabelValueBytesMax || !is_clean_utf8(text))
      return reject(Reason::kBadLabel,
                    fmt::format("label {}: {} bytes of at most {}, no control characters",
                                member.key(), text.size(), kLabelValueBytesMax));
    labels.emplace(member.key(), text);
  }
  return labels;
}

/// Percentages beside readings are for display, `seq` for tracing: no usage is refused for them.
std::string display_percent(const JsonValue& value, std::string_view key) {
  const auto found = value.find(key);
  if (!found) return {};
  const auto nano = nano_percent(*found, key);
  return nano ? decimal_text(Int256(nano.value()), 9) : std::string();
}

std::int64_t seq_of(const JsonValue& value) {
  const auto found = value.find("seq");
  if (!found) return 0;
  const auto seq = total(*found, "seq");
  return seq ? seq.value() : 0;
}

Read<Slot> slot_of(const JsonValue& item) {
  MB_TRY(const std::string_view text, required_text(item, "slot"));
  const auto slot = Slot::parse(text);
  if (!slot)
    return reject(Reason::kBadSlot, fmt::format("slot {} is not such as 2026-11-22T10:15:00Z, "
                                                "on a quarter hour",
                                                excerpt(text)));
  if (auto fault = outside_calendar(slot.value())) return std::move(*fault);
  return slot.value();
}

Read<Cover> cover_of(const JsonValue& item) {
  Cover cover;
  MB_TRY(cover.from_us, required_total(item, "from_us"));
  MB_TRY(cover.to_us, required_total(item, "to_us"));
  MB_TRY(cover.metered_us, required_total(item, "metered_us"));
  MB_TRY(cover.estimated_us, required_total(item, "estimated_us"));
  MB_TRY(cover.off_us, required_total(item, "off_us"));
  return cover;
}

Read<MeterTotals> used_of(const JsonValue& item) {
  MB_TRY(const JsonValue member, required(item, "used"));
  MB_TRY(const JsonValue meters, object(member, "used"));
  if (meters.size() > kMetersMax)
    return reject(Reason::kTooMany,
                  fmt::format("{} meters in a reading, at most {}", meters.size(), kMetersMax));
  MeterTotals used;
  used.reserve(meters.size());
  for (const JsonValue meter : meters) {
    if (!is_meter(meter.key()))
      return reject(Reason::kBadName, fmt::format("meter {}", excerpt(meter.key())));
    // Billed from samples, which lack an epoch: what has one is never billed as a sample.
    if (meter.key() == "cpu_usage" || meter.key() == "memory_usage")
      return reject(Reason::kBadName, fmt::format("{} is a meter of samples", meter.key()));
    MB_TRY(const std::int64_t value, total(meter, meter.key()));
    used.emplace(MeterName(std::string(meter.key())), value);
  }
  return used;
}

/// How many scopes a final reading of the machine says its slot has. Others say nothing: the number
/// is not known before the slot's end.
Read<std::int64_t> scopes_of(const JsonValue& item) {
  const auto found = item.find("scopes");
  if (!found) return 0;
  MB_TRY(const std::int64_t scopes, total(*found, "scopes"));
  if (scopes > static_cast<std::int64_t>(kScopesMax))
    return reject(Reason::kTooMany,
                  fmt::format("{} scopes in a slot, at most {}", scopes, kScopesMax));
  return scopes;
}

Read<Reading> read_reading(const JsonValue& element) {
  Reading reading;
  MB_TRY(const JsonValue item, object(element, "reading"));
  MB_TRY(reading.slot, slot_of(item));
  MB_TRY(const std::string_view scope, required_text(item, "scope"));
  if (!is_scope(scope)) return reject(Reason::kBadName, fmt::format("scope {}", excerpt(scope)));
  reading.scope = ScopeName(std::string(scope));
  if (const auto final = item.find("final")) {
    if (!final->is(Kind::kBool)) return reject(Reason::kWrongType, "'final' is not true or false");
    reading.final = final->text() == "true";
  }
  if (reading.scope == machine_scope()) {
    MB_TRY(reading.cover, cover_of(item));
    MB_TRY(const std::int64_t scopes, scopes_of(item));
    if (reading.final) reading.scopes = scopes;
  }
  MB_TRY(reading.used, used_of(item));
  return reading;
}

}  // namespace

Read<ReadingMessage> read_readings(const JsonValue& value) {
  ReadingMessage message;
  MB_TRY(message.machine, machine_of(value));
  MB_TRY(message.epoch, epoch_of(value));
  MB_TRY(message.boot, boot_of(value));
  MB_TRY(message.labels, labels_of(value));
  message.seq = seq_of(value);
  message.cpu_usage_percent = display_percent(value, "cpu_usage");
  message.memory_usage_percent = display_percent(value, "memory_usage");
  MB_TRY(const JsonValue readings, required(value, "readings"));
  if (!readings.is(Kind::kArray)) return reject(Reason::kWrongType, "'readings' is not an array");
  message.items.reserve(std::min(readings.size(), kReadingsMax + 1));
  for (const JsonValue element : readings) {
    if (message.items.size() == kReadingsMax) {
      message.items.emplace_back(
          reject(Reason::kTooMany, fmt::format("{} readings, at most {}: the rest is this one item",
                                               readings.size(), kReadingsMax)));
      break;
    }
    auto reading = read_reading(element);
    if (reading)
      message.items.emplace_back(std::move(reading).value());
    else
      message.items.emplace_back(std::move(reading).error());
  }
  return message;
}

}  // namespace meterbill
