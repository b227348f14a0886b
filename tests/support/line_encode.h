#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "wire/encode.h"

namespace meterbill {

/// Writes one line a reading, so that a test reads what was sent without the wire format:
/// "epoch slot scope final cpu=5 uptime=7".
inline std::vector<EncodedMessage> line_encode(const MessageFrame& frame,
                                               std::span<const Reading> readings, std::int64_t seq,
                                               std::size_t readings_max) {
  std::vector<EncodedMessage> messages;
  for (std::size_t first = 0; first < readings.size(); first += readings_max) {
    EncodedMessage& encoded = messages.emplace_back();
    encoded.first = first;
    encoded.count = std::min(readings_max, readings.size() - first);
    encoded.message.key = frame.machine.str();
    encoded.message.headers = {{"ce_id", fmt::format("{}-{}", frame.sender.str(), seq++)}};
    for (const Reading& reading : readings.subspan(encoded.first, encoded.count)) {
      encoded.message.value +=
          fmt::format("{} {} {} {}", frame.epoch.str(), to_string(reading.slot),
                      reading.scope.str(), reading.final ? "final" : "open");
      for (const auto& [meter, value] : reading.used)
        encoded.message.value += fmt::format(" {}={}", meter.str(), value);
      encoded.message.value += "\n";
    }
  }
  return messages;
}

}  // namespace meterbill
