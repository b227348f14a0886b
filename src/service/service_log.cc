#include "service/service_log.h"

namespace meterbill {
namespace {

/// What makes two events the same.
std::string identity(const LogEvent& event, const LogFields& fields) {
  std::string text = std::to_string(event.id);
  for (const LogField& field : fields) {
    if (!field.distinct) continue;
    text += '\n';
    text += field.value;
  }
  return text;
}

}  // namespace

ServiceLog::ServiceLog(const Clock& clock, LogSink& sink, LogLevel level,
                       std::chrono::microseconds period)
    : clock_(clock), sink_(sink), level_(level), period_us_(period.count()) {}

ServiceLog::~ServiceLog() { summarise_all(); }

void ServiceLog::write(const LogEvent& event, const LogFields& fields) {
  if (event.level > level_) return;
  const std::scoped_lock lock(mutex_);
  const Instant now = clock_.now();
  LogRecord record{.event = event, .time = now.utc, .fields = fields};
  if (event.each || event.level >= LogLevel::kDebug) return sink_.write(record);

  const std::string key = identity(event, fields);
  if (repetitions_.size() >= kRemembersMax && !repetitions_.contains(key)) {
    summarise_after(0);
    repetitions_.clear();
  }
  const auto [entry, is_new] = repetitions_.try_emplace(key);
  Repetition& repetition = entry->second;
  if (!is_new && now.monotonic_us - repetition.written_us < period_us_) {
    ++repetition.repeated;
    repetition.fields = fields;
    repetition.time = now.utc;
    return;
  }
  record.repeated = repetition.repeated;
  record.period = std::chrono::microseconds{now.monotonic_us - repetition.written_us};
  sink_.write(record);
  repetition = {
      .event = &event, .written_us = now.monotonic_us, .repeated = 0, .fields = {}, .time = {}};
}

void ServiceLog::summarise_all() {
  const std::scoped_lock lock(mutex_);
  summarise_after(0);
}

void ServiceLog::summarise() {
  const std::scoped_lock lock(mutex_);
  summarise_after(period_us_);
}

void ServiceLog::summarise_after(std::int64_t age_us) {
  const Instant now = clock_.now();
  for (auto entry = repetitions_.begin(); entry != repetitions_.end();) {
    Repetition& repetition = entry->second;
    const bool is_due = now.monotonic_us - repetition.written_us >= age_us;
    if (is_due && repetition.repeated == 0) {
      entry = repetitions_.erase(entry);
      continue;
    }
    if (is_due) summary(repetition, now);
    ++entry;
  }
}

void ServiceLog::summary(Repetition& repetition, const Instant& now) {
  // The newest one is written, so it is not among the "more".
  sink_.write({.event = *repetition.event,
               .time = repetition.time,
               .fields = repetition.fields,
               .repeated = repetition.repeated - 1,
               .period = std::chrono::microseconds{now.monotonic_us - repetition.written_us}});
  repetition.written_us = now.monotonic_us;
  repetition.repeated = 0;
  repetition.fields.clear();
}

}  // namespace meterbill
