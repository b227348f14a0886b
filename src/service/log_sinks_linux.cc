#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "service/log_sinks.h"

namespace meterbill {
namespace {

/// One call, so that lines of several processes do not mix.
void write_line(std::string line) {
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

void ConsoleSink::write(const LogRecord& record) { write_line(console_line(record)); }

void JournalSink::write(const LogRecord& record) {
  std::vector<std::string> entries = journal_entries(record, identifier_);
  std::vector<iovec> parts;
  parts.reserve(entries.size());
  for (std::string& entry : entries)
    parts.push_back({.iov_base = entry.data(), .iov_len = entry.size()});
  if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0)
    write_line(fmt::format("<{}>{}", journal_priority(record.event.level), message_text(record)));
}

bool is_journal(std::string_view journal_stream, int descriptor) {
  struct stat status {};
  if (journal_stream.empty() || fstat(descriptor, &status) != 0) return false;
  return journal_stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

bool error_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  return stream != nullptr && is_journal(stream, STDERR_FILENO);
}

std::unique_ptr<LogSink> standard_error_sink(const std::string& identifier) {
  if (error_is_journal()) return std::make_unique<JournalSink>(identifier);
  return std::make_unique<ConsoleSink>();
}

}  // namespace meterbill
