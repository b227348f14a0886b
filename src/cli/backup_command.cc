#include "cli/backup_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <ostream>

#include "base/printable.h"
#include "cli/json_members.h"
#include "cli/progress.h"
#include "cli/units_text.h"
#include "config/places.h"

namespace meterbill {
namespace {

constexpr const char* kTarget = "/api/v1/backup";
constexpr std::chrono::milliseconds kBetweenLooks{200};

/// What the worker says of its newest backup.
struct Seen {
  std::string body;
  std::string state;
  std::string file;
  std::string error;
  bool cannot_create = false;
  Progress progress;
  std::int64_t bytes = 0;
  std::int64_t commit = 0;
};

Result<Seen> seen(std::string body) {
  MB_TRY(const boost::json::value from, parse_answer(body));
  const boost::json::value& seconds = member_of(from, "seconds");
  const double took = seconds.is_double() ? seconds.as_double() : 0;
  return Seen{.body = std::move(body),
              .state = text_of(from, "state"),
              .file = text_of(from, "file"),
              .error = text_of(from, "error"),
              .cannot_create = is_true(from, "cannot_create"),
              .progress = {.bytes_done = number_of(from, "bytes_done"),
                           .bytes_all = number_of(from, "bytes_all"),
                           .took_ms = std::llround(took * 1'000)},
              .bytes = number_of(from, "bytes"),
              .commit = number_of(from, "commit")};
}

/// kUnavailable: the worker cannot be asked any more, or knows of another backup.
Result<Seen> look(const ServiceAccess& access, const std::string& control,
                  const std::string& file) {
  const std::string remedy = fmt::format("; {} is there only if it is complete", file);
  Result<std::string> body = read_control(access, control, kTarget);
  if (!body)
    return fail(body.error().code, "the worker does not tell of the backup any more: " +
                                       body.error().message + remedy);
  MB_TRY(Seen now, seen(std::move(body).value()));
  if (now.file != file)
    return fail(Code::kUnavailable,
                "the worker was started anew or began another backup meanwhile" + remedy);
  return now;
}

std::string shown(const Progress& progress) {
  const bool is_copied = progress.bytes_all > 0 && progress.bytes_done == progress.bytes_all;
  return is_copied
             ? fmt::format("checking the copy of {}   {} so far", size_text(progress.bytes_all),
                           duration_text(progress.took_ms / 1'000))
             : to_text(progress);
}

/// Asks until the backup into `file` has ended; has it undone when the user asks to stop.
Result<Seen> watch(const ServiceAccess& access, const std::string& control, const std::string& file,
                   const WaitForInterrupt& wait, const Terminal& terminal, bool& was_stopped) {
  ProgressLine line(terminal, "backup");
  for (;;) {
    MB_TRY(Seen now, look(access, control, file));
    if (now.state != "running") return now;
    line.show(shown(now.progress), now.progress.took_ms);
    if (!wait(kBetweenLooks) || was_stopped) continue;
    was_stopped = true;
    line.clear();
    terminal.err << "stopping the backup" << std::endl;
    MB_TRYV(change_service(access, control, std::string(kTarget) + "/cancel"));
  }
}

int tell(const Seen& end, bool was_stopped, const Arguments& arguments, const Terminal& terminal) {
  if (end.state != "done") {
    if (!was_stopped) {
      const int code =
          report(fail(Code::kIo, fmt::format("no backup was made: {}", end.error)), terminal);
      return end.cannot_create ? int{kExitCannotCreate} : code;
    }
    report(fail(Code::kUnavailable,
                fmt::format("stopped: nothing of {} is left; the worker goes on", end.file)),
           terminal);
    return kExitTemporary;
  }
  if (was_stopped) terminal.err << "it was complete before it could be stopped\n";
  if (arguments.has("json"))
    terminal.out << end.body << '\n';
  else
    terminal.out << fmt::format("copied and verified: {}   {}   in {}   commit {}\n",
                                printable(end.file), size_text(end.bytes),
                                duration_text(end.progress.took_ms / 1'000), end.commit);
  return kExitOk;
}

int run(const ServiceAccess& access, const WaitForInterrupt& wait, const Arguments& arguments,
        const Terminal& terminal) {
  if (arguments.words.empty()) return report(fail(Code::kUsage, "missing: FILE"), terminal);
  // The worker has another working directory.
  const auto absolute = absolute_path(arguments.words.front());
  if (!absolute) return report(absolute.error(), terminal);
  const std::string& file = absolute.value();
  const auto control = control_of(arguments, access.addresses, false);
  if (!control) return report(control.error(), terminal);
  static_cast<void>(wait(std::chrono::milliseconds(0)));  // from here on Ctrl-C can be undone
  const auto begun =
      change_service(access, control.value(), make_target(kTarget, {{"path", file}}));
  if (!begun) return report(begun.error(), terminal);
  bool was_stopped = false;
  const auto end = watch(access, control.value(), file, wait, terminal, was_stopped);
  if (!end) return report(end.error(), terminal);
  return tell(end.value(), was_stopped, arguments, terminal);
}

}  // namespace

Command backup_command(const ServiceAccess& access, const WaitForInterrupt& wait) {
  const std::vector<Flag> flags{control_flag(), json_flag()};
  return {
      .path = {"backup"},
      .summary = "Copies the running worker's ledger; a service writes to " +
                 standard_places().backups + ".",
      .run =
          [access, wait, flags](const std::vector<std::string>& words, const Terminal& terminal) {
            const auto arguments = parse_arguments(words, flags, 1);
            if (!arguments) return report(arguments.error(), terminal);
            return run(access, wait, arguments.value(), terminal);
          },
      .operands = "FILE",
      .flags = flags};
}

}  // namespace meterbill
