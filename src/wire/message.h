#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "domain/reading.h"
#include "wire/headers.h"

namespace meterbill {

inline constexpr std::size_t kValueBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kHeadersMax = 64;  ///< of one delivery
/// Names, values and the key together.
inline constexpr std::size_t kHeaderBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kReadingsMax = 1'000;  ///< of one message

inline constexpr const char* kReadingType = "io.meterbill.reading.v1";
inline constexpr const char* kUsageType = "io.meterbill.usage.v1";
inline constexpr const char* kProbeType = "io.meterbill.probe.v1";

/// One message as it came, exact: what evidence and quarantine keep.
struct Delivery {
  std::string key;
  std::string value;
  bool tombstone = false;  ///< a Kafka record without a value
  Headers headers;
  UtcTime recorded;  ///< the record's time: Kafka's timestamp, or the arrival over HTTP

  /// What it holds: a record of a small value can have megabytes of headers.
  [[nodiscard]] std::size_t bytes() const { return key.size() + value.size() + headers.bytes(); }
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// How it came: a bare sample has an identity (its position) only over Kafka.
enum class Route { kKafka, kHttp };

/// One reading of a message, or why that one cannot be read; the others of the message are not
/// concerned.
using ReadingItem = std::variant<Reading, Rejection>;

/// `io.meterbill.reading.v1`: what one epoch of one machine has used.
struct ReadingMessage {
  MachineId machine;
  EpochId epoch;
  BootId boot;
  Labels labels;
  std::int64_t seq = 0;  ///< for tracing only; 0 when absent or malformed
  /// 0 to 100 as decimal text without an exponent, at most 9 decimals; for display only, so empty
  /// when absent or malformed.
  std::string cpu_usage_percent;
  std::string memory_usage_percent;
  /// In the order of the message; what is past kReadingsMax is one more item, a Rejection.
  std::vector<ReadingItem> items;
};

/// The prototype's message. 10⁻⁹ percent each; 0 to 100 percent.
struct Sample {
  MachineId machine;
  std::int64_t cpu_usage_nano = 0;
  std::int64_t memory_usage_nano = 0;
};

/// `io.meterbill.usage.v1`: an application meters itself.
struct UsageEvent {
  std::string source;  ///< with `id` its identity
  std::string id;
  MachineId machine;
  ScopeName scope;
  MeterName meter;
  std::int64_t quantity = 0;  ///< base units of the meter
  UtcTime time;
};

/// `io.meterbill.probe.v1`: from `meterbill kafka check`; counted as repeated, never billed.
struct Probe {};

/// What a delivery holds, or why it cannot be read at all.
using Message = std::variant<ReadingMessage, Sample, UsageEvent, Probe, Rejection>;

/// A message ready to be sent: Kafka's binary mode as it stands; `structured` turns it into HTTP's
/// form.
struct OutgoingMessage {
  std::string key;  ///< machine id
  std::vector<Header>
      headers;  ///< ce_specversion, ce_id, ce_source, ce_type, ce_time, ce_subject, content-type
  std::string value;          ///< at most kValueBytesMax, in the structured form too
  std::int64_t readings = 0;  ///< in `value`
};

}  // namespace meterbill
