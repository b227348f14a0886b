#include "service/error_stream.h"

#include "ports/service_log_events.h"

namespace meterbill {

// The buffer is a member, so the base class gets it when it exists.
ErrorStream::ErrorStream(LogSink& sink, const Clock& clock)
    : std::ostream(nullptr), lines_(sink, clock) {
  rdbuf(&lines_);
}

ErrorStream::Lines::int_type ErrorStream::Lines::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  if (traits_type::to_char_type(c) == '\n')
    end_line();
  else
    line_ += traits_type::to_char_type(c);
  return c;
}

void ErrorStream::Lines::end_line() {
  if (line_.empty()) return;
  LogEvent event = service_event::kFailed;
  event.text = line_;
  sink_.write({.event = event, .time = clock_.now().utc, .fields = {}});
  line_.clear();
}

}  // namespace meterbill
