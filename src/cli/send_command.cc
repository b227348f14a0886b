#include "cli/send_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <ostream>

#include "base/printable.h"
#include "cli/json_members.h"
#include "cli/units_text.h"
#include "report/json_writer.h"

namespace meterbill {
namespace {

namespace json = boost::json;

constexpr const char* kStatus = "/api/v1/status";
constexpr std::chrono::milliseconds kBetweenLooks{100};

/// What the agent says of its sending.
struct Seen {
  std::string sink;
  bool is_away = false;
  std::string since;
  std::int64_t lasted_s = 0;
  std::string detail;
  std::string next_try;
  std::int64_t waiting = 0;
  std::int64_t answered = 0;
  std::int64_t aside = 0;        ///< rows that the sink refused for good
  std::int64_t quarantined = 0;  ///< readings that a worker set aside, since the agent's start
  bool is_paused = false;
};

Result<Seen> look(const ServiceAccess& access, const std::string& control) {
  MB_TRY(const std::string body, read_control(access, control, kStatus));
  MB_TRY(const json::value status, parse_answer(body));
  const json::value& sending = member_of(status, "sending");
  const json::value& outage = member_of(sending, "outage");
  return Seen{.sink = text_of(sending, "sink"),
              .is_away = outage.is_object() && !outage.as_object().empty(),
              .since = second_text(outage, "since"),
              .lasted_s = number_of(outage, "lasted_s"),
              .detail = text_of(outage, "detail"),
              .next_try = second_text(sending, "next_try"),
              .waiting = number_of(member_of(status, "spool"), "waiting"),
              .answered = number_of(sending, "sends_answered"),
              .aside = number_of(member_of(status, "spool"), "set_aside"),
              .quarantined = number_of(sending, "quarantined"),
              .is_paused = is_true(sending, "paused")};
}

std::string readings(std::int64_t count) { return count_text(count, "reading"); }

/// What is known before the try.
std::string before_text(const Seen& seen) {
  std::string text = fmt::format("{} has taken nothing since {} ({}): {}\n", seen.sink, seen.since,
                                 duration_text(seen.lasted_s), seen.detail);
  text += fmt::format("{} kept", readings(seen.waiting));
  if (!seen.next_try.empty()) text += "; the next try was due " + seen.next_try;
  return text + "; trying now\n";
}

/// A spool that cannot be read is no outage, and has a next try too.
bool failed(const Seen& seen) { return seen.is_away || !seen.next_try.empty(); }

std::string why(const Seen& seen) {
  return seen.is_away ? seen.detail
                      : "the spool cannot be read or marked, the agent's log says why";
}

Error failure(const Seen& seen) {
  return fail(Code::kUnavailable, fmt::format("not sent: {}; {} kept, next try {}", why(seen),
                                              readings(seen.waiting), seen.next_try));
}

/// How the try ended that has this number; nothing if it has not within the time, or the user
/// does not want to wait for it.
Result<std::optional<Seen>> end_of(const ServiceAccess& access, const std::string& control,
                                   std::int64_t number, const WaitForInterrupt& wait) {
  // A look takes time, too.
  const auto deadline = std::chrono::steady_clock::now() + kSendWaitMax;
  for (std::chrono::milliseconds waited{0};
       waited < kSendWaitMax && std::chrono::steady_clock::now() < deadline;
       waited += kBetweenLooks) {
    MB_TRY(const Seen seen, look(access, control));
    if (seen.answered >= number) return std::optional<Seen>(seen);
    if (seen.is_paused)
      return fail(Code::kConflict,
                  "sending was paused meanwhile: `meterbill agent resume` goes on with it");
    if (wait(kBetweenLooks)) break;
  }
  return std::optional<Seen>();
}

/// What was refused for good by this try; empty: nothing.
std::string refused(const Seen& before, const Seen& end, bool again) {
  // What is sent again counts anew.
  const std::int64_t aside = again ? end.aside : end.aside - before.aside;
  std::string text;
  if (aside > 0)
    text = fmt::format("{} refused for good and set aside: `meterbill status` says why",
                       readings(aside));
  if (end.quarantined > before.quarantined)
    text += fmt::format("{}{} quarantined by the worker: its log says why",
                        text.empty() ? "" : "; ", readings(end.quarantined - before.quarantined));
  return text;
}

std::string as_json(const Seen& end, const json::value& told, const std::string& lost) {
  JsonWriter json;
  json.begin_object().boolean("done", !failed(end) && lost.empty());
  if (member_of(told, "rows").is_int64()) json.integer("rows", number_of(told, "rows"));
  json.integer("waiting", end.waiting);
  if (failed(end)) json.string("detail", why(end)).string("next_try", end.next_try);
  if (!failed(end) && !lost.empty()) json.string("detail", lost);
  json.end_object();
  return json.take() + "\n";
}

Result<int> send(const ServiceAccess& access, const WaitForInterrupt& wait,
                 const Arguments& arguments, const Terminal& terminal) {
  MB_TRY(const std::string control, control_of(arguments, access.addresses, true));
  MB_TRY(const Seen before, look(access, control));
  MB_TRY(
      const std::string body,
      change_service(access, control,
                     make_target("/api/v1/send", {{"again", arguments.has("again") ? "1" : ""}})));
  MB_TRY(const json::value told, parse_answer(body));
  const bool in_json = arguments.has("json");
  if (arguments.has("again") && !in_json)
    terminal.out << fmt::format("{} marked to be sent again\n", readings(number_of(told, "rows")));
  if (!member_of(told, "number").is_int64()) {
    terminal.out << (in_json ? "{\"done\":false}\n"
                             : "sending; this agent is of an older version, which does not tell "
                               "what comes of it: `meterbill status` does\n");
    return static_cast<int>(kExitOk);
  }
  if (before.is_away) terminal.err << printable_lines(before_text(before)) << std::flush;
  MB_TRY(const auto end, end_of(access, control, number_of(told, "number"), wait));
  if (!end) {
    report(fail(Code::kUnavailable,
                "the agent has not come to an end with it yet, and goes on: `meterbill status` "
                "says how it is"),
           terminal);
    return static_cast<int>(kExitTemporary);
  }
  const std::string lost = refused(before, *end, arguments.has("again"));
  if (in_json) terminal.out << as_json(*end, told, lost);
  if (failed(*end)) return failure(*end);
  if (!lost.empty()) return fail(Code::kUnavailable, lost);
  if (!in_json)
    terminal.out << fmt::format("sent; {} waiting\n",
                                end->waiting == 0 ? "nothing is"
                                                  : fmt::format("{} {}", readings(end->waiting),
                                                                end->waiting == 1 ? "is" : "are"));
  return static_cast<int>(kExitOk);
}

}  // namespace

Command send_command(const ServiceAccess& access, const WaitForInterrupt& wait) {
  const std::vector<Flag> flags{
      {.name = "again", .value = "", .help = "also what was acknowledged, as long as it is kept"},
      control_flag(),
      json_flag()};
  return {
      .path = {"agent", "send"},
      .summary = "Sends what waits, now, and says what came of it.",
      .run =
          [access, wait, flags](const std::vector<std::string>& words, const Terminal& terminal) {
            const auto arguments = parse_arguments(words, flags, 0);
            if (!arguments) return report(arguments.error(), terminal);
            const auto code = send(access, wait, arguments.value(), terminal);
            return code ? code.value() : report(code.error(), terminal);
          },
      .operands = "",
      .flags = flags};
}

}  // namespace meterbill
