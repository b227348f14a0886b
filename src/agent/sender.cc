#include "agent/sender.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

/// Rows of one epoch at the front of `rows`: a message carries one epoch.
std::size_t of_first_epoch(std::span<const PendingRow> rows) {
  std::size_t count = 1;
  while (count < rows.size() && rows[count].epoch.id == rows[0].epoch.id) ++count;
  return count;
}

std::vector<RowVersion> versions(std::span<const PendingRow> rows) {
  std::vector<RowVersion> found;
  found.reserve(rows.size());
  for (const PendingRow& row : rows) found.push_back(row.row_version());
  return found;
}

}  // namespace

Sender::Sender(EpochId run, SenderParts parts) : run_(std::move(run)), parts_(std::move(parts)) {}

/// What waits, marked as offered.
Result<std::vector<PendingRow>> Sender::take_rows() {
  const UtcTime now = parts_.clock.now().utc;
  return parts_.spool.with([&](Spool* spool) -> Result<std::vector<PendingRow>> {
    MB_TRY(auto pending, in("read what waits", spool->pending(kRowsMax, now)));
    if (!pending.empty()) {
      MB_TRYV(in("mark what is offered", spool->mark_offered(versions(pending))));
    }
    return pending;
  });
}

Round Sender::round(const Percentages& newest) {
  state_.spool_error.reset();
  const auto rows = take_rows();
  if (rows && rows.value().empty()) return Round::kIdle;
  const auto sent = rows ? send_all(rows.value(), newest) : Result<bool>(rows.error());
  if (sent && sent.value()) {
    failures_ = 0;
    parts_.events.sent(static_cast<std::int64_t>(rows.value().size()));
    return Round::kProgress;
  }
  if (!sent) {
    state_.spool_error = sent.error();
    parts_.events.spool_failed(sent.error());
  }
  ++failures_;
  return Round::kBlocked;
}

/// True if everything was settled: acknowledged or set aside.
Result<bool> Sender::send_all(Rows rows, const Percentages& newest) {
  std::vector<Rows> waiting{rows};
  while (!waiting.empty()) {
    const Rows some = waiting.back();
    waiting.pop_back();
    std::vector<Rows> refused;
    MB_TRY(const bool settled, send_some(some, newest, refused));
    if (!settled) return false;
    for (const Rows part : refused) {
      if (part.size() == 1) continue;
      waiting.push_back(part.first(part.size() / 2));
      waiting.push_back(part.subspan(part.size() / 2));
    }
  }
  return true;
}

/// Sends rows as they are; false if the sink did not take all of them and may do so later.
Result<bool> Sender::send_some(Rows rows, const Percentages& newest, std::vector<Rows>& refused) {
  std::vector<OutgoingMessage> messages;
  std::vector<Rows> carried;
  const UtcTime now = parts_.clock.now().utc;
  for (Rows rest = rows; !rest.empty();) {
    const Rows part = rest.first(of_first_epoch(rest));
    rest = rest.subspan(part.size());
    std::vector<Reading> readings;
    readings.reserve(part.size());
    for (const PendingRow& row : part) readings.push_back(row.reading);
    for (EncodedMessage& encoded :
         parts_.encode(frame_of(part[0].epoch, newest, now), readings, seq_)) {
      carried.push_back(part.subspan(encoded.first, encoded.count));
      messages.push_back(std::move(encoded.message));
      ++seq_;
    }
  }
  const std::vector<SendReport> reports = parts_.sink.send(messages);
  MB_ASSERT(reports.size() == messages.size());
  bool all = true;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    note(reports[i]);
    all = all && reports[i].fate != Fate::kLater;
    MB_TRYV(settle(carried[i], reports[i], refused));
  }
  return all;
}

Result<void> Sender::settle(Rows rows, const SendReport& report, std::vector<Rows>& refused) {
  switch (report.fate) {
    case Fate::kDelivered: {
      const UtcTime now = parts_.clock.now().utc;
      state_.last_acknowledged = now;
      return parts_.spool.with(
          [&](Spool* spool) { return in("acknowledge", spool->acknowledge(versions(rows), now)); });
    }
    case Fate::kRefused:
      refused.push_back(rows);
      if (rows.size() == 1) return put_aside(rows[0], report.detail);
      return ok();
    case Fate::kLater:
      return ok();
  }
  return ok();
}

Result<void> Sender::put_aside(const PendingRow& row, const std::string& reason) {
  const UtcTime now = parts_.clock.now().utc;
  auto aside = parts_.spool.with(
      [&](Spool* spool) { return spool->set_aside(row.row_version(), reason, now); });
  // A tick was faster: the newer version is sent, and has its own fate.
  if (!aside && aside.error().code == Code::kNotFound) return ok();
  MB_TRYV(in("set aside", std::move(aside)));
  parts_.events.row_set_aside(row.row_version().key, reason);
  return ok();
}

MessageFrame Sender::frame_of(const Epoch& epoch, const Percentages& newest, UtcTime now) const {
  return {.machine = epoch.machine,
          .epoch = epoch.id,
          .boot = epoch.boot,
          .labels = epoch.labels,
          .sender = run_,
          .sent = now,
          .cpu_usage_percent = newest.cpu,
          .memory_usage_percent = newest.memory};
}

void Sender::note(const SendReport& report) {
  if (report.server_time) note_clock(*report.server_time);
  if (report.quarantined > 0) note_quarantined(report.quarantined);
  if (report.fate == Fate::kLater) {
    retry_after_us_ = std::max(retry_after_us_, report.retry_after_ms * 1'000);
    note_outage(report.detail);
    return;
  }
  // A refusal, too, means that somebody is there.
  if (const auto ended = outages_.succeeded(parts_.clock.now()))
    parts_.events.sink_reachable_again(*ended);
  state_.outage.reset();
}

void Sender::note_clock(UtcTime server_time) {
  const std::int64_t ahead_us = parts_.clock.now().utc.us - server_time.us;
  if (std::abs(ahead_us) <= kClockAlarmUs) {
    if (std::exchange(state_.clock_ahead_us, std::nullopt)) parts_.events.clock_alarm_over();
    return;
  }
  if (!state_.clock_ahead_us) parts_.events.clock_alarm(ahead_us);
  state_.clock_ahead_us = ahead_us;
}

void Sender::note_outage(const std::string& detail) {
  const auto counts = parts_.spool.with([](Spool* spool) { return spool->counts(); });
  const std::int64_t waiting = counts ? counts.value().waiting : 0;
  const auto worth_a_line = outages_.failed(parts_.clock.now(), detail, waiting);
  if (worth_a_line) parts_.events.sink_unreachable(*worth_a_line);
  state_.outage = outages_.current();
}

void Sender::note_quarantined(std::int64_t readings) {
  state_.quarantined += readings;
  quarantined_unreported_ += readings;
  const std::int64_t now = parts_.clock.now().boot_us;
  if (quarantine_reported_boot_us_ && now - *quarantine_reported_boot_us_ < kQuarantineSummaryUs)
    return;
  quarantine_reported_boot_us_ = now;
  parts_.events.readings_quarantined(std::exchange(quarantined_unreported_, 0));
}

std::int64_t Sender::backoff_us() {
  const std::int64_t doublings = std::clamp(failures_ - 1, std::int64_t{0}, std::int64_t{6});
  const std::int64_t full = std::min(std::int64_t{1'000'000} << doublings, kBackoffUsMax);
  const std::int64_t jitter =
      static_cast<std::int64_t>(parts_.random() % static_cast<std::uint64_t>(full / 2 + 1));
  const std::int64_t asked = std::min(std::exchange(retry_after_us_, 0), kRetryAfterUsMax);
  return std::max(full / 2 + jitter, asked);
}

}  // namespace meterbill
