#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wire/message.h"

namespace meterbill {

/// What a message says besides its readings.
struct MessageFrame {
  MachineId machine;
  EpochId epoch;  ///< of the readings
  BootId boot;
  Labels labels;
  EpochId sender;  ///< the running epoch, of `ce_id`; that of `epoch` unless an older run's
                   ///< readings are sent
  UtcTime sent;
  std::string cpu_usage_percent;  ///< decimal text, e.g. "37.5"; empty: written as null is not
                                  ///< allowed, the field is left out
  std::string memory_usage_percent;
};

/// Which of the readings given a message carries.
struct EncodedMessage {
  OutgoingMessage message;
  std::size_t first = 0;  ///< index into `readings`
  std::size_t count = 0;
};

/// Packs readings of one epoch into as few messages as there must be, in order, each at most
/// kValueBytesMax in either form and kReadingsMax readings; no readings, no message. `seq` is the
/// first message's sequence number; each further message takes the next. REQUIRES: names within
/// their grammar, totals and times not negative, `scopes` only on a final machine reading. Equal
/// input has equal bytes.
[[nodiscard]] std::vector<EncodedMessage> encode(const MessageFrame& frame,
                                                 std::span<const Reading> readings,
                                                 std::int64_t seq);

/// The same message as one `application/cloudevents+json` object.
[[nodiscard]] std::string structured(const OutgoingMessage& message);

}  // namespace meterbill
