#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/agent_events.h"
#include "agent/outage.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "ports/sink.h"
#include "ports/spool.h"
#include "wire/encode.h"

namespace meterbill {

/// Packs readings of one epoch into messages: `encode` of wire/encode.h.
using Encode = std::function<std::vector<EncodedMessage>(
    const MessageFrame& frame, std::span<const Reading> readings, std::int64_t seq)>;

/// What the sender works with; all of it outlives the sender.
struct SenderParts {
  Guarded<Spool*>& spool;
  Sink& sink;
  const Clock& clock;
  AgentEvents& events;
  Encode encode;
  std::function<std::uint64_t()>
      random;  ///< for jitter: restarted fleets must not come back at once
};

struct Percentages {
  std::string cpu;
  std::string memory;
};

/// What has become of the sending; for status.
struct SenderState {
  std::optional<UtcTime> last_acknowledged;
  std::optional<Outage> outage;
  std::int64_t quarantined = 0;                ///< readings, in this run
  std::optional<std::int64_t> clock_ahead_us;  ///< while it is alarming
  std::optional<Error> spool_error;            ///< of the newest round
};

/// What a round came to.
enum class Round {
  kIdle,      ///< nothing waits
  kProgress,  ///< something was settled; more may wait
  kBlocked,   ///< the sink or the spool cannot: wait `backoff_us`
};

/// Sends what waits in the spool: offer, send, acknowledge; splits what is refused, down to single
/// rows, and sets those aside. The spool's lock is never held while the network is waited for. One
/// thread.
class Sender {
 public:
  /// `run` stands in each message's `ce_id`; everything else about the readings is their epoch's.
  Sender(EpochId run, SenderParts parts);

  /// Sends one batch of waiting rows.
  [[nodiscard]] Round round(const Percentages& newest);

  /// How long to wait after kBlocked: doubling from 1 s to 60 s, half of it random; longer if the
  /// sink asks for it, up to 5 minutes.
  [[nodiscard]] std::int64_t backoff_us();

  [[nodiscard]] const SenderState& state() const { return state_; }

  static constexpr std::size_t kRowsMax = 500;  ///< of one round
  static constexpr std::int64_t kBackoffUsMax = 60'000'000;
  static constexpr std::int64_t kRetryAfterUsMax = 300'000'000;
  static constexpr std::int64_t kClockAlarmUs = 30'000'000;
  static constexpr std::int64_t kQuarantineSummaryUs = 600'000'000;

 private:
  using Rows = std::span<const PendingRow>;

  Result<std::vector<PendingRow>> take_rows();
  Result<bool> send_all(Rows rows, const Percentages& newest);
  Result<bool> send_some(Rows rows, const Percentages& newest, std::vector<Rows>& refused);
  Result<void> settle(Rows rows, const SendReport& report, std::vector<Rows>& refused);
  Result<void> put_aside(const PendingRow& row, const std::string& reason);
  MessageFrame frame_of(const Epoch& epoch, const Percentages& newest, UtcTime now) const;
  void note(const SendReport& report);
  void note_clock(UtcTime server_time);
  void note_outage(const std::string& detail);
  void note_quarantined(std::int64_t readings);

  EpochId run_;
  SenderParts parts_;
  SenderState state_;
  OutageLog outages_;
  std::int64_t seq_ = 1;
  std::int64_t failures_ = 0;  // in a row
  std::int64_t retry_after_us_ = 0;
  std::int64_t quarantined_unreported_ = 0;
  std::optional<std::int64_t> quarantine_reported_boot_us_;
};

}  // namespace meterbill
