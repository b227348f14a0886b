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

int ErrorStream::Lines::sync() {
  if (line_.empty()) write();
  return 0;
}

/// Every line names the program; of one entry the first does. The rest can be copied as it stands.
void ErrorStream::Lines::end_line() {
  if (line_.empty()) return;
  if (text_.empty()) {
    const std::size_t colon = line_.find(": ");
    prefix_ = colon == std::string::npos ? "" : line_.substr(0, colon + 2);
    text_ = line_;
  } else {
    const bool has_prefix = !prefix_.empty() && line_.starts_with(prefix_);
    text_ += '\n' + line_.substr(has_prefix ? prefix_.size() : 0);
  }
  line_.clear();
}

void ErrorStream::Lines::write() {
  end_line();
  if (text_.empty()) return;
  LogEvent event = service_event::kFailed;
  event.text = text_;
  sink_.write({.event = event, .time = clock_.now().utc, .fields = {}});
  text_.clear();
}

}  // namespace meterbill
