#include "cli/list_commands.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "base/checked.h"
#include "base/printable.h"
#include "cli/json_members.h"
#include "cli/status_command.h"
#include "report/kept_out.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

namespace json = boost::json;

/// What of a machine is never billed; empty if all is.
Result<std::string> discarded_text(const json::value& machine) {
  KeptOut meters;
  for (const json::value& entry : array_of(machine, "discarded")) {
    MB_TRY(meters[MeterName{text_of(entry, "meter")}],
           parse_decimal(text_of(entry, "base_quantity"), 0));
  }
  return kept_out_text(meters, kQuantityDecimalsMax);
}

/// A paragraph for each machine of which something is discarded.
std::string all_discarded_text(const json::array& machines) {
  std::string text;
  for (const json::value& machine : machines) {
    const auto said = discarded_text(machine);
    const std::string what = said ? said.value() : "not shown: " + said.error().message;
    if (what.empty()) continue;
    text += labelled(text.empty() ? "Discarded" : "", text_of(machine, "machine") + ": " + what +
                                                          " never billed, as an operator decided");
  }
  return text.empty() ? text : "\n" + text;
}

std::string labels_text(const json::value& machine) {
  std::string labels;
  const json::value& of_machine = member_of(machine, "labels");
  if (of_machine.is_object())
    for (const auto& [key, value] : of_machine.as_object())
      labels += (labels.empty() ? "" : ",") + std::string(key) + "=" + text_of(of_machine, key);
  return labels;
}

std::string state_text(const json::value& machine) {
  if (is_true(machine, "conflict")) return "conflict";
  const std::string retired = second_text(machine, "retired");
  return retired.empty() ? "" : "retired " + retired;
}

std::string remedy_text(bool is_any_in_conflict) {
  if (!is_any_in_conflict) return "";
  return "\n" +
         labelled("Conflict",
                  "several machines use one name; what conflicts is not billed until you decide: "
                  "meterbill machine list --machine NAME names its boots, meterbill machine "
                  "resolve NAME --boot ID takes --keep, --discard or --rename NEW, or --sum "
                  "for all boots");
}

/// Programs that read the text get every column.
std::string to_text(const TextTable& table, const Terminal& terminal) {
  return terminal.has_edge ? table.fitted_text() : table.text();
}

/// Left out first: labels, then the percentages.
std::string machines_text(const json::value& answer, const Terminal& terminal) {
  TextTable table({{"machine", Align::kLeft},
                   {"cpu %", Align::kPoint, 3},
                   {"memory %", Align::kPoint, 2},
                   {"last seen", Align::kLeft},
                   {"labels", Align::kLeft, 1},
                   {"", Align::kLeft}});
  bool is_any_in_conflict = false;
  for (const json::value& machine : array_of(answer, "machines")) {
    table.row({text_of(machine, "machine"), text_of(machine, "cpu_usage_percent"),
               text_of(machine, "memory_usage_percent"), second_text(machine, "last_seen"),
               labels_text(machine), state_text(machine)});
    is_any_in_conflict |= is_true(machine, "conflict");
  }
  return to_text(table, terminal) + remedy_text(is_any_in_conflict) +
         all_discarded_text(array_of(answer, "machines"));
}

/// What was decided about a boot, or about the one that it conflicts with.
std::string decision_text(const json::value& boot) {
  const std::string to = text_of(boot, "renamed_to");
  const std::string from = text_of(boot, "renamed_from");
  std::string decision = text_of(boot, "decision") + (to.empty() ? "" : " to " + to) +
                         (from.empty() ? "" : " from " + from);
  if (!decision.empty() || !is_true(boot, "discarded")) return decision;
  return "discarded, as one in conflict with it is kept";
}

std::string boots_text(const json::value& machine) {
  TextTable table({{"boot", Align::kLeft},
                   {"epochs", Align::kRight},
                   {"in conflict", Align::kLeft},
                   {"decision", Align::kLeft}});
  for (const json::value& boot : array_of(machine, "boots")) {
    table.row({text_of(boot, "boot_id"), text_of(boot, "epochs"),
               is_true(boot, "in_conflict") ? "yes" : "no", decision_text(boot)});
  }
  return table.text();
}

std::string machine_text(const json::value& machine, const Terminal&) {
  std::string text = labelled("Machine", text_of(machine, "machine"));
  if (const std::string labels = labels_text(machine); !labels.empty())
    text += labelled("Labels", labels);
  if (const std::string seen = second_text(machine, "last_seen"); !seen.empty())
    text += labelled("Last seen", seen);
  if (const std::string state = state_text(machine); !state.empty())
    text += labelled("State", state);
  if (text_of(machine, "decision") == "sum")
    text += labelled("Decision", "sum: all boots are billed together, whatever was decided of one");
  return text + "\n" + boots_text(machine) + remedy_text(is_true(machine, "conflict")) +
         all_discarded_text({machine});
}

/// Left out first: detail, then state, which is "held" until somebody decides.
std::string quarantine_text(const json::value& answer, const Terminal& terminal) {
  TextTable table({{"id", Align::kRight},
                   {"state", Align::kLeft, 2},
                   {"reason", Align::kLeft},
                   {"times", Align::kRight},
                   {"machine", Align::kLeft},
                   {"last", Align::kLeft},
                   {"detail", Align::kLeft, 1}});
  for (const json::value& item : array_of(answer, "items"))
    table.row({text_of(item, "id"), text_of(item, "state"), text_of(item, "reason"),
               text_of(item, "count"), text_of(item, "machine"), second_text(item, "last_at"),
               text_of(item, "detail")});
  std::string text = to_text(table, terminal);
  if (const std::int64_t lost = number_of(answer, "not_kept"); lost > 0)
    text += fmt::format("{} more were only counted, not kept: raise quarantine.max_bytes\n", lost);
  return text;
}

std::string item_text(const json::value& item, const Terminal&) {
  std::string out;
  for (const char* name : {"id", "state", "reason", "detail", "machine", "reading", "source",
                           "partition", "offset", "ordinal", "count", "first_at", "last_at",
                           "releasable", "value_bytes", "value_sha256", "key", "value"}) {
    const std::string text = printable(text_of(item, name));
    if (!text.empty()) out += fmt::format("{:<13} {}\n", name, text);
  }
  for (const json::value& header : array_of(item, "headers"))
    out += fmt::format("{:<13} {}: {}\n", "header", printable(text_of(header, "name")),
                       printable(text_of(header, "value")));
  return out;
}

using Print = std::function<std::string(const json::value&, const Terminal&)>;

/// Asks for a target, prints the body as JSON or as `print` shows it.
int show(const ServiceAccess& access, const Arguments& arguments, const std::string& target,
         const Print& print, const Terminal& terminal) {
  const auto body = read_worker(access, arguments, target);
  if (!body) return report(body.error(), terminal);
  const auto value = parse_answer(body.value());
  if (!value) return report(value.error(), terminal);
  if (arguments.has("json")) {
    terminal.out << body.value() << '\n';
    return kExitOk;
  }
  terminal.out << print(value.value(), terminal);
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
                            machine_text, terminal);
              },
          .operands = "",
          .flags = flags};
}

Command quarantine_list(const ServiceAccess& access) {
  const std::vector<Flag> flags = with_worker_flags(
      {{.name = "machine", .value = "NAME", .help = "only of this machine"},
       {.name = "before", .value = "ID", .help = "older than this one; a page has 100"},
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
                return show(
                    access, arguments.value(),
                    make_target("/api/v1/quarantine",
                                {{"machine", arguments.value().value("machine").value_or("")},
                                 {"before", before}}),
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

}  // namespace

std::vector<Command> list_commands(const ServiceAccess& access) {
  return {status_command(access), machine_list(access), quarantine_list(access),
          quarantine_show(access)};
}

}  // namespace meterbill
