#include "service/service_log.h"

#include <algorithm>
#include <vector>

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

/// Whether one event of a pair speaks of what the other began or ended: the ending one names no
/// more than what it is about.
bool is_opposite(const LogEvent& event, const LogFields& fields, const LogEvent& other,
                 const LogFields& others) {
  const auto names_all_of = [](const LogFields& more, const LogFields& less) {
    return std::ranges::all_of(less, [&](const LogField& field) {
      return !field.distinct || std::ranges::any_of(more, [&](const LogField& known) {
        return known.name == field.name && known.value == field.value;
      });
    });
  };
  if (other.ends == event.id) return names_all_of(fields, others);
  return event.ends == other.id && names_all_of(others, fields);
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

  turn(event, fields);
  const std::string key = identity(event, fields);
  if (repetitions_.size() >= kRemembersMax && !repetitions_.contains(key)) {
    summarise_older_than(0);
    repetitions_.clear();
  }
  const auto [entry, is_new] = repetitions_.try_emplace(key);
  Repetition& repetition = entry->second;
  if (!is_new && now.monotonic_us - repetition.written_us < repetition.held_us) {
    ++repetition.repeated;
    repetition.fields = fields;
    repetition.time = now.utc;
    return;
  }
  record.repeated = repetition.repeated;
  record.period = std::chrono::microseconds{now.monotonic_us - repetition.written_us};
  sink_.write(record);
  repetition = {.event = &event,
                .written_us = now.monotonic_us,
                .held_us = period_us_,
                .repeated = 0,
                .fields = fields,
                .time = now.utc};
}

/// What was said of the state before may soon be said again.
void ServiceLog::turn(const LogEvent& event, const LogFields& fields) {
  constexpr std::int64_t kTurnUs = std::chrono::microseconds{kTurn}.count();
  for (auto& [key, repetition] : repetitions_)
    if (is_opposite(event, fields, *repetition.event, repetition.fields))
      repetition.held_us = std::min(repetition.held_us, kTurnUs);
}

void ServiceLog::summarise_all() {
  const std::scoped_lock lock(mutex_);
  summarise_older_than(0);
}

void ServiceLog::summarise() {
  const std::scoped_lock lock(mutex_);
  summarise_older_than(period_us_);
}

/// In the order in which they came: the last line tells how it is now.
void ServiceLog::summarise_older_than(std::int64_t age_us_max) {
  const Instant now = clock_.now();
  std::vector<Repetition*> due;
  for (auto entry = repetitions_.begin(); entry != repetitions_.end();) {
    Repetition& repetition = entry->second;
    const std::int64_t age_us = now.monotonic_us - repetition.written_us;
    if (repetition.repeated == 0 && age_us >= repetition.held_us) {
      entry = repetitions_.erase(entry);
      continue;
    }
    if (repetition.repeated > 0 && age_us >= std::min(age_us_max, repetition.held_us))
      due.push_back(&repetition);
    ++entry;
  }
  std::ranges::stable_sort(due, {}, [](const Repetition* one) { return one->time.us; });
  for (Repetition* repetition : due) summary(*repetition, now);
}

void ServiceLog::summary(Repetition& repetition, const Instant& now) {
  // The newest one is written, so it is not among the "more".
  sink_.write({.event = *repetition.event,
               .time = repetition.time,
               .fields = repetition.fields,
               .repeated = repetition.repeated - 1,
               .period = std::chrono::microseconds{now.monotonic_us - repetition.written_us}});
  repetition.written_us = now.monotonic_us;
  repetition.held_us = period_us_;
  repetition.repeated = 0;
}

}  // namespace meterbill
