#include <windows.h>

#include <array>
#include <cstdio>

#include "service/log_sinks.h"
#include "service/service_program.h"

namespace meterbill {
namespace {

WORD type_of(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return EVENTLOG_ERROR_TYPE;
    case LogLevel::kWarning:
      return EVENTLOG_WARNING_TYPE;
    default:
      return EVENTLOG_INFORMATION_TYPE;
  }
}

/// The Application log. Ids and texts are in the message table that each program carries; the line
/// with its fields is the one string that the texts begin with.
class EventLogSink final : public LogSink {
 public:
  explicit EventLogSink(const std::string& source)
      : log_(RegisterEventSourceA(nullptr, source.c_str())) {}
  EventLogSink(const EventLogSink&) = delete;
  EventLogSink& operator=(const EventLogSink&) = delete;
  ~EventLogSink() override {
    if (log_ != nullptr) DeregisterEventSource(log_);
  }

  // What the log does not take is lost: a service has no other place to say it.
  void write(const LogRecord& record) override {
    if (log_ == nullptr) return;
    const std::string text = message_text(record);
    std::array<const char*, 1> strings{text.c_str()};
    ReportEventA(log_, type_of(record.event.level), 0, static_cast<DWORD>(record.event.id), nullptr,
                 strings.size(), 0, strings.data(), nullptr);
  }

 private:
  HANDLE log_;
};

}  // namespace

void ConsoleSink::write(const LogRecord& record) {
  const std::string line = console_line(record) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

bool error_is_journal() { return !windows_service_name().empty(); }

std::unique_ptr<LogSink> standard_error_sink(const std::string& /*identifier*/) {
  const std::string service = windows_service_name();
  if (!service.empty()) return std::make_unique<EventLogSink>(service);
  return std::make_unique<ConsoleSink>();
}

}  // namespace meterbill
