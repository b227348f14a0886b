#include "cli/kafka_check.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "base/printable.h"
#include "cli/arguments.h"
#include "config/agent_config.h"
#include "config/worker_config.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

const std::vector<Flag>& check_flags() {
  static const std::vector<Flag> kFlags{
      {.name = "agent", .help = "check what the agent sends to"},
      {.name = "worker", .help = "check what the worker reads from"},
      {.name = "config", .value = "FILE", .help = "read FILE instead of the program's own"},
      {.name = "json", .help = "print JSON"}};
  return kFlags;
}

KafkaCheckTarget make_target(const KafkaUrl& url, std::map<std::string, std::string> properties) {
  KafkaCheckTarget target;
  for (const HostPort& broker : url.brokers) target.brokers.push_back({broker.host, broker.port});
  target.topic = url.topic;
  target.properties = std::move(properties);
  return target;
}

Result<Settings> load(const ConfigContext& context, const OptionTable& table,
                      const Arguments& arguments) {
  return load_settings(table,
                       {.config_file = arguments.value("config"),
                        .default_file = table.file_in(context.folder),
                        .environment = context.environment,
                        .command_line = {},
                        .check_property = context.check_property});
}

/// None: the agent sends by HTTP.
Result<std::optional<KafkaCheckTarget>> agent_target(const ConfigContext& context,
                                                     const Arguments& arguments) {
  MB_TRY(const Settings settings, load(context, agent_options(), arguments));
  MB_TRY(AgentConfig config, make_agent_config(settings, context.host_name));
  const auto* url = std::get_if<KafkaUrl>(&config.sink);
  if (url == nullptr) return std::optional<KafkaCheckTarget>();
  std::optional<KafkaCheckTarget> target = make_target(*url, std::move(config.kafka));
  target->must_read = false;
  return target;
}

/// None: the worker reads no Kafka.
Result<std::optional<KafkaCheckTarget>> worker_target(const ConfigContext& context,
                                                      const Arguments& arguments) {
  MB_TRY(const Settings settings, load(context, worker_options(), arguments));
  MB_TRY(WorkerConfig config, make_worker_config(settings));
  if (!config.kafka_url) return std::optional<KafkaCheckTarget>();
  std::optional<KafkaCheckTarget> target = make_target(*config.kafka_url, std::move(config.kafka));
  target->must_write = false;
  return target;
}

/// The program that was named; else the worker's Kafka, and without one the agent's.
Result<KafkaCheckTarget> choose_target(const ConfigContext& context, const Arguments& arguments) {
  if (arguments.has("agent") && arguments.has("worker"))
    return fail(Code::kUsage, "--agent and --worker exclude each other");
  const bool is_named = arguments.has("agent") || arguments.has("worker");
  if (arguments.has("config") && !is_named)
    return fail(Code::kUsage, "--config needs to know whose file it is: say --agent or --worker");
  if (!arguments.has("agent")) {
    MB_TRY(auto target, worker_target(context, arguments));
    if (target) return std::move(*target);
    if (is_named)
      return fail(Code::kConfig,
                  "worker.kafka is off: set it to kafka://HOST:PORT/TOPIC to have something to "
                  "check");
  }
  MB_TRY(auto target, agent_target(context, arguments));
  if (target) return std::move(*target);
  if (is_named)
    return fail(Code::kConfig,
                "agent.sink is no Kafka: set it to kafka://HOST:PORT/TOPIC to have something to "
                "check");
  return fail(Code::kConfig,
              "neither worker.kafka nor agent.sink names a Kafka; set one to "
              "kafka://HOST:PORT/TOPIC");
}

std::string_view to_word(KafkaCheckResult result) {
  switch (result) {
    case KafkaCheckResult::kOk:
      return "ok";
    case KafkaCheckResult::kWarning:
      return "WARN";
    case KafkaCheckResult::kFailed:
      return "FAIL";
  }
  return "";
}

constexpr std::size_t kIndent = 12;
constexpr std::size_t kFoundColumns = 54;
constexpr std::size_t kTookColumns = 10;  // of the result and the milliseconds behind it

/// In lines of at most 80 columns, aligned under the first:
/// ` 2 connect  192.0.2.5:9092                                         ok       3 ms`
/// What was found and does not fit there stands on lines of its own.
std::string as_text(const KafkaCheckStep& step) {
  const std::string subject = printable(step.subject);
  std::string found =
      step.detail.empty() ? subject : fmt::format("{:<18} {}", subject, printable(step.detail));
  std::vector<std::string> left_over;
  if (columns_of(found) > kFoundColumns) {
    found = subject;
    left_over.push_back(step.detail);
  }
  if (columns_of(found) > kFoundColumns) {
    found.clear();
    left_over.insert(left_over.begin(), step.subject);
  }
  const std::string_view word = to_word(step.result);
  std::string text = fmt::format("{:>2} {:<8} {}{} {}", step.number, step.name, found,
                                 std::string(kFoundColumns - columns_of(found), ' '), word);
  if (step.took_us)
    text += fmt::format("{:>{}} ms", (*step.took_us + 999) / 1'000, kTookColumns - word.size());
  text += "\n";
  if (!left_over.empty()) text += labelled_parts("   found", kIndent, left_over);
  if (!step.remedy.empty()) text += labelled_parts("   remedy", kIndent, {step.remedy});
  return text;
}

boost::json::object as_json(const KafkaCheckStep& step) {
  std::string_view result = "ok";
  if (step.result == KafkaCheckResult::kWarning) result = "warning";
  if (step.result == KafkaCheckResult::kFailed) result = "failed";
  boost::json::object row{{"number", step.number}, {"name", step.name}, {"subject", step.subject},
                          {"detail", step.detail}, {"result", result},  {"remedy", step.remedy}};
  if (step.took_us) row["took_us"] = *step.took_us;
  return row;
}

int run(const ConfigContext& context, const KafkaCheck& check, const Arguments& arguments,
        const Terminal& terminal) {
  const Result<KafkaCheckTarget> target = choose_target(context, arguments);
  if (!target) return report(target.error(), terminal);
  const bool wants_json = arguments.has("json");
  boost::json::array steps;
  const bool is_ok = check(target.value(), [&](const KafkaCheckStep& step) {
    if (wants_json)
      steps.push_back(as_json(step));
    else
      terminal.out << as_text(step) << std::flush;
  });
  if (wants_json)
    terminal.out << boost::json::serialize(boost::json::object{{"ok", is_ok}, {"steps", steps}})
                 << "\n";
  return is_ok ? kExitOk : kExitUnavailable;
}

}  // namespace

Command kafka_check_command(const ConfigContext& context, const KafkaCheck& check) {
  return {.path = {"kafka", "check"},
          .summary = "Checks the way to Kafka step by step, with a probe that is never billed.",
          .run =
              [context, check](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, check_flags(), 0);
                if (!arguments) return report(arguments.error(), terminal);
                return run(context, check, arguments.value(), terminal);
              },
          .flags = check_flags()};
}

}  // namespace meterbill
