#include "worker/worker_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "report/json_writer.h"
#include "report/statement_report.h"
#include "worker/api_answers.h"
#include "worker/api_json.h"
#include "worker/machine_facts.h"
#include "worker/machine_views.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSilentUs = 3'600'000'000;  // status names machines not seen for longer
constexpr std::size_t kQuarantinePage = 100;
constexpr std::size_t kClockStepsShown = 100;
constexpr std::size_t kRecentRows = 10;  // as the prototype

using Answer =
    std::function<WebResponse(LedgerReader&, const WebRequest&, const PathValues& values)>;

/// A handler that asks the ledger.
WebHandler on_ledger(const LedgerApiParts& parts, Answer answer) {
  return [ask = parts.ask, answer = std::move(answer)](const WebRequest& request,
                                                       const PathValues& values, Respond respond) {
    ask([answer, request, values](LedgerReader& ledger) { return answer(ledger, request, values); },
        std::move(respond));
  };
}

/// A handler that answers from memory, on the I/O thread.
WebHandler at_once(std::function<WebResponse(const WebRequest&)> answer) {
  return [answer = std::move(answer)](const WebRequest& request, const PathValues&,
                                      const Respond& respond) { respond(answer(request)); };
}

Result<std::int64_t> to_id(const std::string& text) { return parse_count(text); }

Result<std::optional<MachineId>> wanted_machine(const WebRequest& request) {
  const std::string_view name = query_value(request, "machine");
  if (name.empty()) return std::optional<MachineId>();
  if (!is_machine_id(name))
    return fail(Code::kInvalid, "machine= is no machine name: letters, digits and . _ : - only");
  return std::optional<MachineId>(MachineId{std::string(name)});
}

Result<Period> wanted_period(const LedgerApiParts& parts, const WebRequest& request) {
  std::string_view text = query_value(request, "period");
  if (text.empty()) text = "this-month";
  return parse_period(text, parts.queries.book().zone(), parts.clock.now().utc);
}

Result<WebResponse> bill(const LedgerApiParts& parts, LedgerReader& ledger,
                         const WebRequest& request) {
  MB_TRY(const auto machine, wanted_machine(request));
  MB_TRY(const Period period, wanted_period(parts, request));
  const LinesFrom from = query_value(request, "from") == "slots" ? LinesFrom::kSlots : parts.lines;
  MB_TRY(const Statement statement,
         parts.queries.statement(ledger, period, machine, parts.clock.now().utc, from,
                                 parts.warnings()));
  const TimeZone& zone = parts.queries.book().zone();
  const std::string_view format = query_value(request, "format");
  if (format == "text")
    return answer_text(statement_text(statement, zone), "text/plain; charset=utf-8");
  if (format == "csv")
    return answer_text(statement_csv(statement, zone), "text/csv; charset=utf-8");
  if (format.empty() || format == "json") return answer_json(statement_json(statement, zone));
  return fail(Code::kInvalid, "format= is json, csv or text");
}

Result<std::optional<UsageCursor>> wanted_cursor(const WebRequest& request) {
  const std::string_view next = query_value(request, "next");
  if (next.empty()) return std::optional<UsageCursor>();
  const auto cursor = parse_usage_cursor(next);
  if (!cursor) return fail(Code::kInvalid, "next= is the 'next' of the page before");
  return cursor;
}

/// One page; `next` of it, given back, asks for the page behind it.
Result<WebResponse> usage(const LedgerApiParts& parts, LedgerReader& ledger,
                          const WebRequest& request) {
  Queries::UsageRequest wanted;
  MB_TRY(wanted.machine, wanted_machine(request));
  MB_TRY(wanted.period, wanted_period(parts, request));
  const std::string_view by_text = query_value(request, "by");
  const auto by = parse_usage_by(by_text.empty() ? "day" : by_text);
  if (!by) return fail(Code::kInvalid, "by is slot, hour or day");
  wanted.by = *by;
  const std::string_view format = query_value(request, "format");
  if (!format.empty() && format != "json")
    return fail(Code::kInvalid,
                "usage is given in pages of JSON; `meterbill usage --csv` makes CSV of them");
  MB_TRY(wanted.from, wanted_cursor(request));
  MB_TRY(const UsagePage page, parts.queries.usage(ledger, wanted));
  return answer_json(usage_page_json(page));
}

/// One page of the messages that made a slot; `next` as of `usage`.
Result<WebResponse> evidence(const LedgerApiParts& parts, LedgerReader& ledger,
                             const WebRequest& request) {
  Queries::EvidenceRequest wanted;
  MB_TRY(const auto machine, wanted_machine(request));
  if (!machine) return fail(Code::kInvalid, "machine= is missing: evidence is of one machine");
  wanted.machine = *machine;
  MB_TRY(wanted.slot, in("slot=", Slot::parse(query_value(request, "slot"))));
  const std::string_view scope = query_value(request, "scope");
  if (!scope.empty()) wanted.scope = ScopeName{std::string(scope)};
  const std::string_view next = query_value(request, "next");
  if (!next.empty()) {
    const auto from = parse_evidence_cursor(next);
    if (!from) return fail(Code::kInvalid, "next= is the 'next' of the page before");
    wanted.from = *from;
  }
  MB_TRY(const EvidencePage page, parts.queries.evidence(ledger, wanted, parts.sha256_hex));
  return answer_json(evidence_page_json(page));
}

/// One page of coverage, followed as those of usage are.
Result<WebResponse> coverage(const LedgerApiParts& parts, LedgerReader& ledger,
                             const WebRequest& request) {
  Queries::CoverageRequest wanted;
  MB_TRY(wanted.machine, wanted_machine(request));
  MB_TRY(wanted.period, wanted_period(parts, request));
  wanted.now = parts.clock.now().utc;
  if (const std::string_view by = query_value(request, "by"); !by.empty()) {
    wanted.by = parse_usage_by(by);
    if (!wanted.by) return fail(Code::kInvalid, "by is slot, hour or day");
  }
  MB_TRY(wanted.from, wanted_cursor(request));
  MB_TRY(const CoveragePage page, parts.queries.coverage(ledger, wanted));
  return answer_json(coverage_page_json(page));
}

/// The newest samples, as the prototype has them. Agents' readings have no cost of their own.
Result<WebResponse> recent(const LedgerApiParts& parts, LedgerReader& ledger) {
  MB_TRY(const auto samples, ledger.recent(kRecentRows));
  MB_TRY(const Dictionary names, ledger.dictionary());
  JsonWriter json;
  json.begin_array();
  for (const RecentSample& sample : samples) {
    json.begin_object()
        .string("machine_id", names.machines.at(sample.machine).str())
        .integer("timestamp", sample.at.us / 1'000'000)
        .number("cpu_usage", sample.cpu_usage)
        .number("memory_usage", sample.memory_usage);
    MB_TRY(const Cost cost,
           parts.queries.sample_cost(sample.at, sample.cpu_usage, sample.memory_usage));
    json.number("total_cost", to_string(cost)).end_object();
  }
  json.end_array();
  return answer_json(json.take());
}

/// In the prototype's words, as its users know them.
WebResponse no_data(const std::string& machine) {
  const std::string text = "No data found for machine_id: " + machine;
  return json_error(404, text, text);
}

Result<WebResponse> machine_cost(const LedgerApiParts& parts, LedgerReader& ledger,
                                 const std::string& machine) {
  if (!is_machine_id(machine)) return no_data(machine);
  const auto found = parts.queries.cost(ledger, MachineId{machine}, parts.clock.now().utc);
  if (!found && found.error().code == Code::kNotFound) return no_data(machine);
  MB_TRY(const MachineCost cost, found);
  JsonWriter json;
  json.begin_object().string("machine_id", machine).number("total_cost", to_string(cost.cost));
  if (cost.sample_cost) json.number("sample_cost", to_string(*cost.sample_cost));
  json.string("currency", parts.queries.book().currency().code())
      .string("period_start", to_string(cost.period.slots.begin))
      .end_object();
  return answer_json(json.take());
}

Result<std::vector<MachineView>> machine_views(const Queries& queries, LedgerReader& ledger,
                                               const std::string& only) {
  MB_TRY(const Dictionary names, ledger.dictionary());
  MB_TRY(const auto machines, ledger.machines());
  MachineViews views(names);
  for (const auto& [key, facts] : machines) {
    MB_TRY(const Decisions decisions, ledger.decisions(key));
    const std::set<MachineKey> targets = renamed_to(decisions);
    const bool is_wanted = only.empty() || facts.name.str() == only ||
                           std::ranges::any_of(targets, [&](MachineKey to) {
                             return names.machines.at(to).str() == only;
                           });
    if (!is_wanted) continue;
    MB_TRY(const auto epochs, ledger.epochs(key));
    MB_TRY(const Holds holds, ledger.holds(key));
    views.add(facts, epochs, holds, decisions);
  }
  auto sorted = views.take();
  MB_TRY(auto discarded,
         queries.discarded(ledger, only.empty() ? std::nullopt : std::optional(MachineId{only})));
  for (MachineView& view : sorted) view.discarded = std::move(discarded[view.facts.name]);
  if (only.empty()) return sorted;
  std::erase_if(sorted, [&](const MachineView& view) { return view.facts.name.str() != only; });
  if (sorted.empty())
    return fail(Code::kNotFound,
                fmt::format("no machine '{}'; `meterbill machine list` names them", only));
  return sorted;
}

/// Asked for again and again, so what costs as much as there are machines is read only if one is in
/// conflict.
Result<std::vector<std::string>> held_machines(LedgerReader& ledger) {
  MB_TRY(auto holds, ledger.all_holds());
  std::erase_if(holds, [](const auto& entry) { return !is_in_conflict(entry.second); });
  std::vector<std::string> held;
  if (holds.empty()) return held;
  MB_TRY(const auto machines, ledger.machines());
  for (const auto& [key, bound] : holds) {
    const auto machine = machines.find(key);
    if (machine != machines.end()) held.push_back(machine->second.name.str());
  }
  std::ranges::sort(held);
  return held;
}

/// A machine that came back, or one that was retired by mistake: not the last readings of one that
/// is being taken out.
Result<std::vector<std::string>> came_back(LedgerReader& ledger, UtcTime now) {
  constexpr std::size_t kNamed = 10;
  MB_TRY(auto machines, ledger.retired_seen({now.us - kSilentUs}));
  std::erase_if(machines, [](const RetiredMachine& machine) {
    return machine.seen < Slot::containing(machine.retired).end();
  });
  std::ranges::sort(machines, {}, &RetiredMachine::name);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(machines.size(), kNamed); ++i)
    texts.push_back(fmt::format(
        "machine {0} was retired on {1} and reports again: it is billed, but none of its time is "
        "missing when it stops; `meterbill machine retire {0} --undo` expects it again, or stop "
        "its agent",
        machines[i].name.str(), to_string(machines[i].retired)));
  if (machines.size() > kNamed)
    texts.push_back(fmt::format("{} more retired machines report again", machines.size() - kNamed));
  return texts;
}

Result<WebResponse> status(const LedgerApiParts& parts, LedgerReader& ledger) {
  MB_TRY(const WorkerStatus worker, parts.status(ledger));
  MB_TRY(const LedgerFacts facts, ledger.facts());
  MB_TRY(const auto counts, ledger.counts());
  MB_TRY(const auto quarantined, ledger.quarantine_counts());
  MB_TRY(std::vector<Gap> gaps, ledger.gaps());
  MB_TRY(const std::vector<std::string> held, held_machines(ledger));
  const UtcTime now = parts.clock.now().utc;
  MB_TRY(const auto silent_ids, ledger.silent({now.us - kSilentUs}));
  std::vector<std::string> silent;
  for (const MachineId& machine : silent_ids) silent.push_back(machine.str());
  std::ranges::sort(silent);
  std::vector<std::string> warnings = parts.warnings();
  MB_TRY(const auto back, came_back(ledger, now));
  warnings.insert(warnings.end(), back.begin(), back.end());
  const auto coverage = parts.coverage ? parts.coverage() : nullptr;
  return answer_json(status_json(worker, facts, counts, quarantined, std::move(gaps), held, silent,
                                 warnings, parts.version, parts.started, now, coverage.get()));
}

Result<WebResponse> quarantine_list(LedgerReader& ledger, const WebRequest& request) {
  std::int64_t before = 0;
  const std::string_view text = query_value(request, "before");
  if (!text.empty()) {
    MB_TRY(before, parse_count(text));
  }
  MB_TRY(const auto machine, wanted_machine(request));
  MB_TRY(const auto items,
         ledger.quarantine(before, kQuarantinePage, machine ? machine->str() : ""));
  MB_TRY(const LedgerFacts facts, ledger.facts());
  return answer_json(quarantine_json(items, facts.quarantine_not_kept));
}

Result<WebResponse> quarantine_show(LedgerReader& ledger, const std::string& id_text) {
  MB_TRY(const std::int64_t id, to_id(id_text));
  MB_TRY(const QuarantineItem item, ledger.quarantine_item(id));
  return answer_json(quarantine_item_json(item));
}

Result<WebResponse> used_prices(const LedgerApiParts& parts, LedgerReader& ledger) {
  MB_TRY(const auto used, ledger.price_versions());
  JsonWriter json;
  const PriceSource& prices = parts.queries.prices();
  json.begin_object().string("source", prices.name).string("sha256", prices.digest);
  json.begin_array("used");
  for (const PriceVersionUse& version : used) {
    if (version.is_term()) continue;
    json.begin_object()
        .string("meter", version.meter)
        .string("unit", version.unit)
        .string("scopes", version.scopes)
        .string("from", version.from)
        .string("sha256", version.digest)
        .end_object();
  }
  json.end_array().begin_object("terms");
  for (const PriceVersionUse& term : used)
    if (term.is_term()) json.string(term.unit, term.digest);
  json.end_object().begin_array("warnings");
  for (const std::string& warning : parts.warnings()) json.string(warning);
  json.end_array().end_object();
  return answer_json(json.take());
}

Result<WebResponse> resolve(Worker& worker, const WebRequest& request, const std::string& machine) {
  const auto decision = parse_decision(query_value(request, "decision"));
  if (!decision) return fail(Code::kInvalid, "decision= is keep, discard, rename or sum");
  MB_TRYV(worker.resolve(MachineId{machine}, BootId{std::string(query_value(request, "boot"))},
                         *decision, MachineId{std::string(query_value(request, "to"))}));
  return answer_json("{\"done\":true}");
}

Result<WebResponse> retire(Worker& worker, const WebRequest& request, const std::string& machine,
                           UtcTime now) {
  const std::string_view text = query_value(request, "at");
  if (request.query.contains("undo")) {
    if (!text.empty()) return fail(Code::kInvalid, "at= and undo= cannot be given together");
    MB_TRYV(worker.retire(MachineId{machine}, std::nullopt));
    return answer_json("{\"done\":true,\"retired\":null}");
  }
  UtcTime at = now;
  if (!text.empty()) {
    MB_TRY(at, in("at=", parse_utc(text)));
  }
  MB_TRYV(worker.retire(MachineId{machine}, at));
  return answer_json("{\"done\":true,\"retired\":\"" + to_string(at) + "\"}");
}

Result<WebResponse> accept(Worker& worker, const std::string& partition_text) {
  MB_TRY(const std::int64_t partition, to_id(partition_text));
  if (partition > 1'000'000) return fail(Code::kInvalid, "no such partition");
  MB_TRYV(worker.accept("kafka", static_cast<std::int32_t>(partition)));
  return answer_json("{\"done\":true}");
}

Result<WebResponse> start_backup(Backup& backup, const WebRequest& request) {
  const std::string path(query_value(request, "path"));
  if (path.empty() || path.front() != '/')
    return fail(Code::kInvalid, "path= is the absolute path of a new file");
  MB_TRYV(backup.start(path));
  return answer_json(backup_json(backup.status()), 202);
}

Result<WebResponse> settle(Worker& worker, const std::string& id_text, bool release) {
  MB_TRY(const std::int64_t id, to_id(id_text));
  MB_TRYV(release ? worker.release(id) : worker.discard(id));
  return answer_json("{\"done\":true}");
}

WebResponse or_failure(Result<WebResponse> result) {
  return result ? std::move(result).value() : answer_failure(result.error());
}

WebResponse readiness(const WorkerApiParts& parts) {
  const WorkerStatus status = parts.worker.status();
  JsonWriter json;
  json.begin_object().boolean("ready", status.ready).string("reason", status.reason).end_object();
  return answer_json(json.take(), status.ready ? 200 : 503);
}

void add_health(std::vector<WebRoute>& routes, const WorkerApiParts& parts) {
  routes.push_back({"GET", "/healthz", at_once([parts](const WebRequest&) {
                      const WorkerStatus status = parts.worker.status();
                      return status.is_alive ? answer_json("{\"status\":\"ok\"}")
                                             : json_error(503, "unavailable", status.reason);
                    })});
  routes.push_back(
      {"GET", "/readyz", at_once([parts](const WebRequest&) { return readiness(parts); })});
  routes.push_back({"GET", "/version", at_once([parts](const WebRequest&) {
                      return answer_json(parts.version_json);
                    })});
  routes.push_back({"GET", "/metrics", at_once([parts](const WebRequest& request) {
                      const MetricsFormat format = choose_metrics_format(request.accept);
                      return answer_text(parts.metrics(format), std::string(content_type(format)));
                    })});
}

/// What `answer` reads is of one commit, which is let go before the answer is sent, and whose
/// totals stand under the prices of the one who answers.
template <class Ask>
Result<WebResponse> of_one_commit(const LedgerApiParts& parts, LedgerReader& ledger,
                                  const Ask& answer) {
  MB_TRY(const auto snapshot, ledger.snapshot());
  if (!parts.segments_digest.empty()) {
    MB_TRY(const LedgerFacts facts, ledger.facts());
    if (facts.segments_digest != parts.segments_digest)
      return json_busy("the prices were changed just now: ask again in a moment", 1);
  }
  return answer();
}

/// Adds rows whose answers read the ledger.
auto adder(std::vector<WebRoute>& routes, const LedgerApiParts& parts) {
  return [&](std::string pattern, auto answer, std::vector<std::string> parameters = {}) {
    WebHandler handler = on_ledger(parts, [answer, parts](LedgerReader& ledger,
                                                          const WebRequest& request,
                                                          const PathValues& values) {
      auto result = of_one_commit(parts, ledger, [&] { return answer(ledger, request, values); });
      if (!result && result.error().code == Code::kDamaged && parts.damaged)
        parts.damaged(result.error());
      return or_failure(std::move(result));
    });
    routes.push_back({"GET", std::move(pattern), std::move(handler), WebAccess::kEverybody,
                      std::move(parameters)});
  };
}

void add_reading(std::vector<WebRoute>& routes, const LedgerApiParts& parts) {
  const auto get = adder(routes, parts);
  get("/api/v1/status", [parts](LedgerReader& ledger, const WebRequest&, const PathValues&) {
    return status(parts, ledger);
  });
  get("/api/v1/bill",
      [parts](LedgerReader& ledger, const WebRequest& request, const PathValues&) {
        return bill(parts, ledger, request);
      },
      {"machine", "period", "format", "from"});
  get("/api/v1/usage",
      [parts](LedgerReader& ledger, const WebRequest& request, const PathValues&) {
        return usage(parts, ledger, request);
      },
      {"machine", "period", "by", "format", "next"});
  get("/api/v1/evidence",
      [parts](LedgerReader& ledger, const WebRequest& request, const PathValues&) {
        return evidence(parts, ledger, request);
      },
      {"machine", "slot", "scope", "next"});
  get("/api/v1/coverage",
      [parts](LedgerReader& ledger, const WebRequest& request, const PathValues&) {
        return coverage(parts, ledger, request);
      },
      {"machine", "period", "by", "next"});
  get("/api/v1/prices", [parts](LedgerReader& ledger, const WebRequest&, const PathValues&) {
    return used_prices(parts, ledger);
  });
  get("/api/v1/quarantine",
      [](LedgerReader& ledger, const WebRequest& request, const PathValues&) {
        return quarantine_list(ledger, request);
      },
      {"before", "machine"});
  get("/api/v1/quarantine/{id}",
      [](LedgerReader& ledger, const WebRequest&, const PathValues& values) {
        return quarantine_show(ledger, values.at("id"));
      });
  get("/api/v1/machines",
      [parts](LedgerReader& ledger, const WebRequest&, const PathValues&) -> Result<WebResponse> {
        MB_TRY(const auto views, machine_views(parts.queries, ledger, ""));
        return answer_json(machines_json(views));
      });
  get("/api/v1/machines/{machine}",
      [parts](LedgerReader& ledger, const WebRequest&,
              const PathValues& values) -> Result<WebResponse> {
        MB_TRY(auto views, machine_views(parts.queries, ledger, values.at("machine")));
        MachineView& view = views.front();
        MB_TRY(view.clock_steps,
               parts.queries.newest_clock_steps(ledger, view.facts.name, kClockStepsShown));
        return answer_json(machine_json(view));
      });
}

/// The URLs that users of the prototype know.
void add_prototype(std::vector<WebRoute>& routes, const LedgerApiParts& parts) {
  const auto get = adder(routes, parts);
  get("/api/usage", [parts](LedgerReader& ledger, const WebRequest&, const PathValues&) {
    return recent(parts, ledger);
  });
  get("/api/cost/{machine}",
      [parts](LedgerReader& ledger, const WebRequest&, const PathValues& values) {
        return machine_cost(parts, ledger, values.at("machine"));
      });
}

void add_changes(std::vector<WebRoute>& routes, const WorkerApiParts& parts) {
  const auto post = [&](std::string pattern, auto change,
                        std::vector<std::string> parameters = {}) {
    WebHandler handler = on_ledger(
        parts.ledger, [change](LedgerReader&, const WebRequest& request, const PathValues& values) {
          return or_failure(change(request, values));
        });
    routes.push_back({"POST", std::move(pattern), std::move(handler), WebAccess::kControlOnly,
                      std::move(parameters)});
  };
  Worker& worker = parts.worker;
  post("/api/v1/machines/{machine}/resolve",
       [&worker](const WebRequest& request, const PathValues& values) {
         return resolve(worker, request, values.at("machine"));
       },
       {"decision", "boot", "to"});
  post("/api/v1/machines/{machine}/retire",
       [&worker, &clock = parts.ledger.clock](const WebRequest& request, const PathValues& values) {
         return retire(worker, request, values.at("machine"), clock.now().utc);
       },
       {"at", "undo"});
  post("/api/v1/quarantine/{id}/release", [&worker](const WebRequest&, const PathValues& values) {
    return settle(worker, values.at("id"), true);
  });
  post("/api/v1/quarantine/{id}/discard", [&worker](const WebRequest&, const PathValues& values) {
    return settle(worker, values.at("id"), false);
  });
  post("/api/v1/partitions/{partition}/accept",
       [&worker](const WebRequest&, const PathValues& values) {
         return accept(worker, values.at("partition"));
       });
}

/// Answered at once: what takes long goes on by itself and is asked about. All of it through the
/// control channel, for it names files of this host.
void add_backup(std::vector<WebRoute>& routes, Backup& backup) {
  const auto add = [&](std::string method, std::string pattern,
                       std::function<WebResponse(const WebRequest&)> answer,
                       std::vector<std::string> parameters = {}) {
    WebHandler handler = at_once(std::move(answer));
    routes.push_back({std::move(method), std::move(pattern), std::move(handler),
                      WebAccess::kControlOnly, std::move(parameters)});
  };
  add("GET", "/api/v1/backup",
      [&backup](const WebRequest&) { return answer_json(backup_json(backup.status())); });
  add("POST", "/api/v1/backup",
      [&backup](const WebRequest& request) { return or_failure(start_backup(backup, request)); },
      {"path"});
  add("POST", "/api/v1/backup/cancel", [&backup](const WebRequest&) {
    backup.cancel();
    return answer_json(backup_json(backup.status()), 202);
  });
}

}  // namespace

std::vector<WebRoute> ledger_routes(const LedgerApiParts& parts) {
  std::vector<WebRoute> routes;
  add_reading(routes, parts);
  return routes;
}

std::vector<WebRoute> worker_routes(const WorkerApiParts& parts) {
  std::vector<WebRoute> routes = ledger_routes(parts.ledger);
  add_health(routes, parts);
  add_prototype(routes, parts.ledger);
  routes.push_back(
      {"POST", "/api/v1/events",
       [&events = parts.events](const WebRequest& request, const PathValues&, Respond respond) {
         events.handle(request, std::move(respond));
       }});
  add_changes(routes, parts);
  add_backup(routes, parts.backup);
  return routes;
}

}  // namespace meterbill
