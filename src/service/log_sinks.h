#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "service/log_record.h"

namespace meterbill {

/// Lines with time and level on standard error.
class ConsoleSink final : public LogSink {
 public:
  void write(const LogRecord& record) override;
};

/// systemd's journal, with real priorities and searchable fields. What the journal does not take
/// goes to standard error, with the priority in front as the journal reads it there.
class JournalSink final : public LogSink {
 public:
  explicit JournalSink(std::string identifier) : identifier_(std::move(identifier)) {}
  void write(const LogRecord& record) override;

 private:
  std::string identifier_;
};

/// Whether `descriptor` leads into the journal: `journal_stream` is "device:inode", as systemd sets
/// JOURNAL_STREAM. The variable alone proves nothing: a child with redirected output inherits it.
[[nodiscard]] bool is_journal(std::string_view journal_stream, int descriptor);

/// Whether standard error leads into the journal.
[[nodiscard]] bool error_is_journal();

/// The journal when standard error leads there, or else the console.
[[nodiscard]] std::unique_ptr<LogSink> standard_error_sink(const std::string& identifier);

}  // namespace meterbill
