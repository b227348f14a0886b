#include "cli/list_commands.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "report/text_table.h"

namespace meterbill {
namespace {

namespace json = boost::json;

Result<json::value> parsed(const std::string& body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (error)
    return fail(Code::kUnavailable, "the service did not answer in JSON: is it MeterBill?");
  return value;
}

/// A member as text: strings as they are, all else as JSON; empty when absent.
std::string text_of(const json::value& object, std::string_view name) {
  if (!object.is_object()) return "";
  const json::value* member = object.as_object().if_contains(name);
  if (member == nullptr || member->is_null()) return "";
  return member->is_string() ? std::string(member->as_string()) : json::serialize(*member);
}

const json::value& member_of(const json::value& object, std::string_view name) {
  static const json::value kNone = json::object();
  if (!object.is_object()) return kNone;
  const json::value* member = object.as_object().if_contains(name);
  return member == nullptr ? kNone : *member;
}

const json::array& array_of(const json::value& object, std::string_view name) {
  static const json::array kNone;
  const json::value& member = member_of(object, name);
  return member.is_array() ? member.as_array() : kNone;
}

/// Untrusted text on a terminal: what could move the cursor becomes '?'.
std::string safe(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = '?';
  return text;
}

std::string joined(const json::array& items) {
  std::string text;
  for (const json::value& item : items)
    text += (text.empty() ? "" : ", ") + (item.is_string() ? std::string(item.as_string()) : "");
  return text;
}

void add_source(std::string& out, const json::value& source) {
  int running = 0;
  std::int64_t lag = 0;
  std::string ill;
  const json::array& partitions = array_of(source, "partitions");
  for (const json::value& partition : partitions) {
    const std::string state = text_of(partition, "state");
    if (state == "running") ++running;
    const json::value& behind = member_of(partition, "lag");
    if (behind.is_int64()) lag += behind.as_int64();
    if (state != "running")
      ill += fmt::format("    partition {} {}: {}\n", text_of(partition, "partition"), state,
                         safe(text_of(partition, "reason")));
  }
  const bool ready = text_of(source, "ready") == "true";
  std::string line =
      fmt::format("  {:<7} {}", text_of(source, "name"),
                  ready ? "running" : "not ready: " + safe(text_of(source, "reason")));
  if (!partitions.empty())
    line += fmt::format("   {}/{} partitions running   lag {}", running, partitions.size(), lag);
  out += line + "\n" + ill;
}

std::string worker_text(const json::value& status, const std::string& server) {
  const bool ready = text_of(status, "ready") == "true";
  std::string out = fmt::format("worker   {}   {}   {}\n", ready ? "ready" : "not ready",
                                text_of(status, "version"), server);
  if (!ready) out += "  " + safe(text_of(status, "reason")) + "\n";
  for (const json::value& source : array_of(status, "sources")) add_source(out, source);
  const json::value& counts = member_of(status, "counts");
  const std::string quarantined = text_of(counts, "quarantined");
  out += fmt::format("  items   {} applied   {} repeated   {} quarantined{}\n",
                     text_of(counts, "applied"), text_of(counts, "repeated"), quarantined,
                     quarantined == "0" ? "" : "   → meterbill quarantine list");
  const json::array& conflict = array_of(status, "conflict");
  out += fmt::format("  fleet   {} machines", text_of(status, "machines"));
  if (!conflict.empty())
    out += fmt::format("   conflict: {}   → meterbill machine resolve", safe(joined(conflict)));
  const json::value& ledger = member_of(status, "ledger");
  const std::string backup = text_of(ledger, "last_backup");
  out +=
      fmt::format("\n  ledger  {} bytes   {} commits   last backup {}\n", text_of(ledger, "bytes"),
                  text_of(ledger, "commits"), backup.empty() ? "never" : backup);
  for (const json::value& warning : array_of(status, "warnings"))
    out += "  warning " + safe(std::string(warning.as_string())) + "\n";
  return out;
}

std::string agent_text(const json::value& status, const std::string& server) {
  const bool ready = text_of(status, "ready") == "true";
  std::string out = fmt::format("agent    {}   {}   {}\n", ready ? "ready" : "not ready",
                                safe(text_of(status, "machine_id")), server);
  if (!ready) out += "  " + safe(text_of(status, "reason")) + "\n";
  const json::value& spool = member_of(status, "spool");
  const json::value& sending = member_of(status, "sending");
  out += fmt::format("  spool   {} readings waiting\n", text_of(spool, "waiting"));
  const std::string refused = text_of(sending, "quarantined");
  if (!refused.empty() && refused != "0")
    out += fmt::format("  refused {} readings were quarantined by the worker\n", refused);
  return out;
}

/// A service that gives no answer is shown as such: the other one may. What the caller can set
/// right is a failure.
bool is_away(const Result<std::string>& body) {
  return !body && body.error().code == Code::kUnavailable;
}

using StatusText = std::string (*)(const json::value& status, const std::string& where);

Result<std::string> status_text(std::string_view service, const Result<std::string>& body,
                                const std::string& where, StatusText text) {
  if (!body) return fmt::format("{:<8} not reachable   {}\n", service, where);
  MB_TRY(const json::value value, parsed(body.value()));
  return text(value, where);
}

Result<void> status(const ServiceAccess& access, const Arguments& arguments, std::ostream& out) {
  const std::string agent = arguments.value("agent").value_or(access.addresses.agent);
  const auto of_worker = read_worker(access, arguments, "/api/v1/status");
  if (!of_worker && !is_away(of_worker)) return of_worker.error();
  const auto of_agent = read_agent(access, arguments, "/api/v1/status");
  if (!of_agent && !is_away(of_agent)) return of_agent.error();
  if (!of_worker && !of_agent)
    return fail(Code::kUnavailable, of_worker.error().message + "\n" + of_agent.error().message);
  if (arguments.has("json")) {
    out << "{\"worker\":" << (of_worker ? of_worker.value() : "null")
        << ",\"agent\":" << (of_agent ? of_agent.value() : "null") << "}\n";
    return ok();
  }
  MB_TRY(const std::string worker_says,
         status_text("worker", of_worker, worker_place(access, arguments), worker_text));
  MB_TRY(const std::string agent_says, status_text("agent", of_agent, agent, agent_text));
  out << worker_says << agent_says;
  return ok();
}

std::string machines_text(const json::value& answer) {
  TextTable table({{"machine", Align::kLeft},
                   {"cpu %", Align::kPoint},
                   {"memory %", Align::kPoint},
                   {"last seen", Align::kLeft},
                   {"labels", Align::kLeft},
                   {"", Align::kLeft}});
  for (const json::value& machine : array_of(answer, "machines")) {
    std::string labels;
    const json::value& of_machine = member_of(machine, "labels");
    for (const auto& [key, value] : of_machine.as_object())
      labels +=
          (labels.empty() ? "" : ",") + std::string(key) + "=" + std::string(value.as_string());
    const bool conflict = text_of(machine, "conflict") == "true";
    const bool retired = !text_of(machine, "retired").empty();
    table.row({text_of(machine, "machine"), text_of(machine, "cpu_usage_percent"),
               text_of(machine, "memory_usage_percent"), text_of(machine, "last_seen"),
               safe(labels),
               conflict  ? "conflict"
               : retired ? "retired"
                         : ""});
  }
  return table.text();
}

std::string boots_text(const json::value& machine) {
  TextTable table({{"boot", Align::kLeft},
                   {"epochs", Align::kRight},
                   {"in conflict", Align::kLeft},
                   {"decision", Align::kLeft}});
  for (const json::value& boot : array_of(machine, "boots")) {
    const std::string renamed = text_of(boot, "renamed_to");
    table.row({safe(text_of(boot, "boot_id")), text_of(boot, "epochs"),
               text_of(boot, "in_conflict") == "true" ? "yes" : "no",
               text_of(boot, "decision") + (renamed.empty() ? "" : " to " + renamed)});
  }
  return table.text();
}

std::string quarantine_text(const json::value& answer) {
  TextTable table({{"id", Align::kRight},
                   {"state", Align::kLeft},
                   {"reason", Align::kLeft},
                   {"times", Align::kRight},
                   {"machine", Align::kLeft},
                   {"last", Align::kLeft},
                   {"detail", Align::kLeft}});
  for (const json::value& item : array_of(answer, "items"))
    table.row({text_of(item, "id"), text_of(item, "state"), text_of(item, "reason"),
               text_of(item, "count"), safe(text_of(item, "machine")), text_of(item, "last_at"),
               safe(text_of(item, "detail"))});
  return table.text();
}

std::string item_text(const json::value& item) {
  std::string out;
  for (const char* name : {"id", "state", "reason", "detail", "machine", "reading", "source",
                           "partition", "offset", "ordinal", "count", "first_at", "last_at",
                           "releasable", "value_bytes", "value_sha256", "key", "value"}) {
    const std::string text = safe(text_of(item, name));
    if (!text.empty()) out += fmt::format("{:<13} {}\n", name, text);
  }
  for (const json::value& header : array_of(item, "headers"))
    out += fmt::format("{:<13} {}: {}\n", "header", safe(text_of(header, "name")),
                       safe(text_of(header, "value")));
  return out;
}

using Print = std::function<std::string(const json::value&)>;

/// Asks for a target, prints the body as JSON or as `print` shows it.
int show(const ServiceAccess& access, const Arguments& arguments, const std::string& target,
         const Print& print, const Terminal& terminal) {
  const auto body = read_worker(access, arguments, target);
  if (!body) return report(body.error(), terminal);
  if (arguments.has("json")) {
    terminal.out << body.value() << '\n';
    return kExitOk;
  }
  const auto value = parsed(body.value());
  if (!value) return report(value.error(), terminal);
  terminal.out << print(value.value());
  return kExitOk;
}

Command machine_list(const ServiceAccess& access) {
  const std::vector<Flag> flags = with_worker_flags(
      {{.name = "machine", .value = "NAME", .help = "only this one, with its boots"}, json_flag()});
  return {.path = {"machine", "list"},
          .summary = "Lists the machines of the ledger.",
          .run =
              [access, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, flags, 0);
                if (!arguments) return report(arguments.error(), terminal);
                const auto name = arguments.value().value("machine");
                if (!name)
                  return show(access, arguments.value(), "/api/v1/machines", machines_text,
                              terminal);
                const auto segment = machine_segment(*name);
                if (!segment) return report(segment.error(), terminal);
                return show(access, arguments.value(), "/api/v1/machines/" + segment.value(),
                            boots_text, terminal);
              },
          .operands = "",
          .flags = flags};
}

Command quarantine_list(const ServiceAccess& access) {
  const std::vector<Flag> flags = with_worker_flags(
      {{.name = "before", .value = "ID", .help = "older than this one; a page has 100"},
       json_flag()});
  return {.path = {"quarantine", "list"},
          .summary = "Lists what was not applied, newest first.",
          .run =
              [access, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, flags, 0);
                if (!arguments) return report(arguments.error(), terminal);
                const std::string before = arguments.value().value("before").value_or("");
                if (const auto id = number_segment(before); !before.empty() && !id)
                  return report(Error(id.error()).in("--before"), terminal);
                return show(access, arguments.value(),
                            make_target("/api/v1/quarantine", {{"before", before}}),
                            quarantine_text, terminal);
              },
          .operands = "",
          .flags = flags};
}

Command quarantine_show(const ServiceAccess& access) {
  const std::vector<Flag> flags = with_worker_flags({json_flag()});
  return {.path = {"quarantine", "show"},
          .summary = "Shows one quarantined item with its exact bytes.",
          .run =
              [access, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, flags, 1);
                if (!arguments) return report(arguments.error(), terminal);
                if (arguments.value().words.empty())
                  return report(fail(Code::kUsage, "missing: ID"), terminal);
                const auto id = number_segment(arguments.value().words.front());
                if (!id) return report(id.error(), terminal);
                return show(access, arguments.value(), "/api/v1/quarantine/" + id.value(),
                            item_text, terminal);
              },
          .operands = "ID",
          .flags = flags};
}

Command status_command(const ServiceAccess& access) {
  const std::vector<Flag> flags = with_worker_flags(
      {json_flag(),
       {.name = "agent", .value = "URL", .help = "the agent to ask, http://host:port"}});
  return {.path = {"status"},
          .summary = "Shows worker and agent in one screen.",
          .run =
              [access, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, flags, 0);
                if (!arguments) return report(arguments.error(), terminal);
                const auto shown = status(access, arguments.value(), terminal.out);
                return shown ? int{kExitOk} : report(shown.error(), terminal);
              },
          .operands = "",
          .flags = flags};
}

}  // namespace

std::vector<Command> list_commands(const ServiceAccess& access) {
  return {status_command(access), machine_list(access), quarantine_list(access),
          quarantine_show(access)};
}

}  // namespace meterbill
