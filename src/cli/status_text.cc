#include "cli/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/checked.h"
#include "cli/json_members.h"
#include "cli/units_text.h"
#include "domain/slot.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

namespace json = boost::json;

constexpr std::size_t kNamesShownMax = 5;

/// Time from one member to another; empty when either is missing.
std::string age_text(const std::string& since, const std::string& now) {
  const auto from = parse_utc(since);
  const auto to = parse_utc(now);
  return from && to ? duration_text((to.value().us - from.value().us) / 1'000'000) : "";
}

/// "web-1, web-2 and 7 more".
std::string names_text(const json::array& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShownMax); ++i)
    text += (i == 0 ? "" : ", ") + (names[i].is_string() ? std::string(names[i].as_string()) : "?");
  if (names.size() > kNamesShownMax)
    text += fmt::format(" and {} more", names.size() - kNamesShownMax);
  return text;
}

/// The first line of a service, and why it is not ready under it.
std::string head(std::string_view service, const json::value& status,
                 const std::vector<std::string>& parts) {
  const bool ready = is_true(status, "ready");
  std::vector<std::string> all{ready ? "ready" : "not ready", text_of(status, "version")};
  all.insert(all.end(), parts.begin(), parts.end());
  std::string text = labelled_parts(service, 9, all);
  if (!ready) text += labelled_parts("  why", 10, {text_of(status, "reason")});
  return text;
}

std::string line(std::string_view label, const std::vector<std::string>& parts) {
  return labelled_parts(fmt::format("  {}", label), 10, parts);
}

std::string source_text(const json::value& source) {
  std::int64_t lag = 0;
  std::size_t running = 0;
  std::string ill;
  const json::array& partitions = array_of(source, "partitions");
  for (const json::value& partition : partitions) {
    lag += number_of(partition, "lag");
    if (text_of(partition, "state") == "running")
      ++running;
    else
      ill += line("", {fmt::format("partition {} {}: {}", text_of(partition, "partition"),
                                   text_of(partition, "state"), text_of(partition, "reason"))});
  }
  std::vector<std::string> parts;
  if (partitions.empty())
    parts.emplace_back(is_true(source, "ready") ? "running" : "not ready");
  else
    parts = {fmt::format("{}/{} partitions running", running, partitions.size()),
             fmt::format("lag {}", lag)};
  const std::string rate = text_of(source, "read_per_s");
  if (!rate.empty()) parts.push_back(rate + " items/s");
  if (!is_true(source, "ready")) parts.push_back(text_of(source, "reason"));
  return line(text_of(source, "name"), parts) + ill;
}

/// The newest few; programs get more.
std::string gaps_text(const json::value& status) {
  constexpr std::int64_t kShownMax = 3;
  const json::value& gaps = member_of(status, "gaps");
  const std::int64_t count = number_of(gaps, "count");
  std::string text;
  for (const json::value& gap : array_of(gaps, "newest")) {
    const std::int64_t shown = std::ranges::count(text, '\n');
    if (shown == kShownMax) break;
    const std::string from = text_of(gap, "from");
    const std::string to = text_of(gap, "to");
    text += line(
        text.empty() ? "gap" : "",
        {fmt::format("partition {} lost {}, unread", text_of(gap, "partition"),
                     from == to ? "record " + from : fmt::format("records {} to {}", from, to)),
         text_of(gap, "detected")});
  }
  if (count > kShownMax)
    text += line("", {fmt::format("and {} more → meterbill status --json", count - kShownMax)});
  return text;
}

std::string items_text(const json::value& status) {
  const json::value& counts = member_of(status, "counts");
  std::vector<std::string> parts{fmt::format("{} applied", number_of(counts, "applied")),
                                 fmt::format("{} repeated", number_of(counts, "repeated")),
                                 fmt::format("{} quarantined", number_of(counts, "quarantined"))};
  const json::value& quarantine = member_of(status, "quarantine");
  if (const std::int64_t waiting = number_of(quarantine, "held"); waiting > 0)
    parts.push_back(fmt::format("{} to decide → meterbill quarantine list", waiting));
  if (const std::int64_t lost = number_of(quarantine, "not_kept"); lost > 0)
    parts.push_back(fmt::format("{} only counted, not kept: raise quarantine.max_bytes", lost));
  return line("items", parts);
}

std::string fleet_text(const json::value& status) {
  const std::int64_t machines = number_of(status, "machines");
  std::vector<std::string> parts{count_text(machines, "machine")};
  if (const json::array& silent = array_of(status, "silent"); !silent.empty())
    parts.push_back(fmt::format("{} not seen for 1 h ({})", silent.size(), names_text(silent)));
  const json::array& held = array_of(status, "conflict");
  parts.push_back(held.empty() ? "0 held"
                               : fmt::format("{} held ({}) → meterbill machine list", held.size(),
                                             names_text(held)));
  return line("fleet", parts);
}

/// How much of the last day is known, and the first few machines of which something is not.
std::string coverage_text(const json::value& status) {
  constexpr std::int64_t kShownMax = 3;
  const json::value& coverage = member_of(status, "coverage");
  if (!coverage.is_object() || number_of(coverage, "machines") == 0) return "";
  std::vector<std::string> parts;
  for (const char* const time : {"metered", "estimated", "off", "missing"})
    parts.push_back(
        fmt::format("{} % {}", text_of(coverage, fmt::format("{}_percent", time)), time));
  std::string text = line("24 h", parts);
  const auto seconds = [](const json::value& machine, const char* member) {
    const auto us = parse_count(text_of(machine, member));
    return duration_text(us ? us.value() / 1'000'000 : 0);
  };
  std::int64_t shown = 0;
  for (const json::value& machine : array_of(coverage, "worst")) {
    if (number_of(coverage, "with_missing") <= shown || shown == kShownMax) break;
    ++shown;
    text += line(
        "", {text_of(machine, "machine"), fmt::format("missing {}", seconds(machine, "missing_us")),
             fmt::format("estimated {}", seconds(machine, "estimated_us"))});
  }
  if (const std::int64_t more = number_of(coverage, "with_missing") - shown; more > 0)
    text +=
        line("", {fmt::format("and {} more with missing time → meterbill usage --coverage", more)});
  return text;
}

std::string ledger_text(const json::value& status) {
  const json::value& ledger = member_of(status, "ledger");
  const std::string now = text_of(status, "now");
  const std::string backup = age_text(text_of(ledger, "last_backup"), now);
  const std::string commit = age_text(text_of(ledger, "last_commit"), now);
  std::vector<std::string> parts{size_text(number_of(ledger, "bytes"))};
  if (!commit.empty()) parts.push_back(fmt::format("last commit {} ago", commit));
  parts.push_back(backup.empty() ? "never backed up → meterbill backup FILE"
                                 : fmt::format("last backup {} ago", backup));
  if (const std::string full = text_of(ledger, "disk_full_since"); !full.empty())
    parts.push_back("disk full since " + full);
  return line("ledger", parts);
}

/// What the spool had no room for, so far.
std::string folded_text(const json::value& folded) {
  if (!folded.is_object() || number_of(folded, "rows") == 0) return "";
  const std::string since = text_of(folded, "going_on_since");
  return line("folded", {count_text(number_of(folded, "rows"), "reading") +
                             " booked in `other`, machine totals exact",
                         fmt::format("of {} to {}", text_of(folded, "first_slot"),
                                     text_of(folded, "last_slot")),
                         since.empty() ? fmt::format("ended, newest {}", text_of(folded, "last_at"))
                                       : fmt::format("since {} → agent.spool_max_bytes", since)});
}

std::string spool_text(const json::value& status) {
  const json::value& spool = member_of(status, "spool");
  std::vector<std::string> parts{count_text(number_of(spool, "waiting"), "reading") + " waiting"};
  if (!text_of(spool, "oldest_age_s").empty())
    parts.push_back("oldest " + duration_text(number_of(spool, "oldest_age_s")));
  const std::string now = text_of(status, "time");
  const std::string sent =
      age_text(text_of(member_of(status, "sending"), "last_acknowledged"), now);
  parts.push_back(sent.empty() ? "nothing acknowledged yet"
                               : fmt::format("acknowledged {} ago", sent));
  if (is_true(spool, "nearly_full")) parts.emplace_back("nearly full: see agent.spool_max_bytes");
  if (const std::string error = text_of(spool, "save_error"); !error.empty())
    parts.push_back("not saved: " + error);
  if (const std::string kept = text_of(spool, "damaged_file"); !kept.empty())
    parts.push_back("a damaged one is kept as " + kept);
  return line("spool", parts) + folded_text(member_of(spool, "folded"));
}

/// "next try in 34 s"; nothing when none is known.
std::string next_try_text(const json::value& sending, const std::string& now) {
  const std::string then = text_of(sending, "next_try");
  const std::string left = age_text(now, then);
  return left.empty() ? "" : "next try in " + left;
}

std::string sending_text(const json::value& status) {
  const json::value& sending = member_of(status, "sending");
  const json::value& outage = member_of(sending, "outage");
  std::string text;
  if (is_true(sending, "paused"))
    text += line("sending", {"paused by an operator; metering goes on → meterbill agent resume"});
  if (outage.is_object() && !outage.as_object().empty())
    text += line("outage",
                 {fmt::format("nothing taken for {}; metering goes on",
                              duration_text(number_of(outage, "lasted_s"))),
                  next_try_text(sending, text_of(status, "time")), text_of(outage, "detail")});
  const json::array& aside = array_of(member_of(status, "spool"), "set_aside_rows");
  if (const auto rows = number_of(member_of(status, "spool"), "set_aside"); rows > 0)
    text += line("aside", {count_text(rows, "reading") + " set aside, refused by the sink",
                           aside.empty() ? "" : text_of(aside.front(), "reason")});
  if (const auto refused = number_of(sending, "quarantined"); refused > 0)
    text +=
        line("refused", {count_text(refused, "reading") + " put into quarantine by the worker"});
  if (const auto ahead = number_of(sending, "clock_ahead_ms"); ahead != 0)
    text +=
        line("clock", {fmt::format("{} s {} the worker's: set the time of one of them",
                                   std::abs(ahead) / 1'000, ahead > 0 ? "ahead of" : "behind")});
  return text;
}

std::string metering_text(const json::value& status) {
  const json::value& metering = member_of(status, "metering");
  std::string text;
  if (const std::string state = text_of(metering, "state"); state != "metered" && !state.empty())
    text += line("meter", {"not metering: " + state});
  for (const json::value& fault : array_of(metering, "faults"))
    if (fault.is_string()) text += line("fault", {std::string(fault.as_string())});
  return text;
}

bool is_worker(const json::value& status) {
  return member_of(status, "sources").is_array() && member_of(status, "counts").is_object();
}

bool is_agent(const json::value& status) {
  return member_of(status, "metering").is_object() && !text_of(status, "machine_id").empty();
}

Error neither(const std::string& where, std::string_view service) {
  return fail(
      Code::kUnavailable,
      fmt::format("{} answers, but not as a MeterBill {}: is the address right?", where, service));
}

}  // namespace

Result<std::string> worker_status_text(const json::value& status, const std::string& where) {
  if (is_agent(status))
    return fail(Code::kUnavailable, where + " is an agent, not a worker: ask it with --agent");
  if (!is_worker(status)) return neither(where, "worker");
  std::vector<std::string> parts;
  const std::string up = age_text(text_of(status, "started"), text_of(status, "now"));
  if (!up.empty()) parts.push_back("up " + up);
  parts.push_back(where);
  std::string text = head("worker", status, parts);
  for (const json::value& source : array_of(status, "sources")) text += source_text(source);
  text += gaps_text(status) + items_text(status) + fleet_text(status) + coverage_text(status) +
          ledger_text(status);
  for (const json::value& warning : array_of(status, "warnings"))
    if (warning.is_string()) text += line("warning", {std::string(warning.as_string())});
  return text;
}

Result<std::string> agent_status_text(const json::value& status, const std::string& where) {
  if (is_worker(status))
    return fail(Code::kUnavailable, where + " is a worker, not an agent: ask it with --server");
  if (!is_agent(status)) return neither(where, "agent");
  const std::int64_t tick_ms = number_of(member_of(status, "metering"), "interval_ms");
  const std::string up = age_text(text_of(status, "started"), text_of(status, "time"));
  std::vector<std::string> parts;
  if (!up.empty()) parts.push_back("up " + up);
  parts.insert(parts.end(),
               {text_of(status, "machine_id"), fmt::format("tick {} s", tick_ms / 1'000),
                "→ " + text_of(member_of(status, "sending"), "sink")});
  return head("agent", status, parts) + spool_text(status) + sending_text(status) +
         metering_text(status);
}

}  // namespace meterbill
