#include "cli/config_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "cli/arguments.h"
#include "config/agent_config.h"
#include "config/print.h"
#include "config/worker_config.h"

namespace meterbill {
namespace {

const std::vector<Flag>& check_flags() {
  static const std::vector<Flag> kFlags{
      {.name = "config", .value = "FILE", .help = "read FILE instead of the program's own"},
      {.name = "json", .help = "print JSON"}};
  return kFlags;
}

const std::vector<Flag>& show_flags() {
  static const std::vector<Flag> kFlags{
      {.name = "config", .value = "FILE", .help = "read FILE instead of the program's own"},
      {.name = "json", .help = "print JSON"},
      {.name = "origin", .help = "say where each value comes from"}};
  return kFlags;
}

/// The program named by the words, or both.
Result<std::vector<const OptionTable*>> tables_of(const Arguments& arguments) {
  if (arguments.words.empty()) {
    if (arguments.has("config"))
      return fail(Code::kUsage, "--config needs to know whose file it is: say agent or worker");
    return std::vector<const OptionTable*>{&agent_options(), &worker_options()};
  }
  for (const OptionTable* table : {&agent_options(), &worker_options()})
    if (arguments.words.front() == table->short_name) return std::vector<const OptionTable*>{table};
  return fail(Code::kUsage,
              fmt::format("'{}' is neither agent nor worker", arguments.words.front()));
}

std::string main_file(const ConfigContext& context, const OptionTable& table) {
  return table.file_in(context.folder);
}

/// The files that were read, for people.
std::string places_of(const ConfigContext& context, const OptionTable& table,
                      const Settings& settings) {
  if (settings.files().empty())
    return fmt::format("defaults ({} does not exist)", main_file(context, table));
  return fmt::format("{}", fmt::join(settings.files(), ", "));
}

/// The settings of one program, with the checks it does itself when it starts.
Result<Settings> load_checked(const ConfigContext& context, const OptionTable& table,
                              const Arguments& arguments, Secrets secrets) {
  const auto together = [&](const Settings& settings) {
    return &table == &agent_options() ? agent_problems(settings, context.host_name)
                                      : worker_problems(settings);
  };
  return load_settings(table, {.config_file = arguments.value("config"),
                               .default_file = main_file(context, table),
                               .environment = context.environment,
                               .command_line = {},
                               .check_property = context.check_property,
                               .check_together = together,
                               .secrets = secrets});
}

/// Whether the installed service can use them too.
Result<void> check_reach(const ConfigContext& context, const OptionTable& table,
                         const Settings& settings) {
  if (!context.service_reach) return ok();
  const auto reach = context.service_reach(std::string(table.program));
  if (!reach) return ok();
  const std::vector<std::string> problems = out_of_reach(settings, *reach);
  if (problems.empty()) return ok();
  return fail(Code::kConfig, fmt::format("{}", fmt::join(problems, "\n")));
}

/// The same with the files that it names.
Result<Settings> load_whole(const ConfigContext& context, const OptionTable& table,
                            const Arguments& arguments) {
  MB_TRY(Settings settings, load_checked(context, table, arguments, Secrets::kIfHere));
  // Another file than the service's own is not for the service.
  if (!arguments.has("config")) {
    MB_TRYV(check_reach(context, table, settings));
  }
  if (&table != &worker_options() || !context.check_prices) return settings;
  const std::string prices = settings.get<std::string>("worker.prices");
  if (prices.empty()) return settings;
  MB_TRYV(in("worker.prices", context.check_prices(prices)));
  return settings;
}

/// The files that were read, or what is wrong with them.
boost::json::value check_json(const Result<Settings>& settings) {
  if (!settings) return {{"ok", false}, {"error", settings.error().message}};
  return {{"ok", true}, {"files", boost::json::value_from(settings.value().files())}};
}

int check(const ConfigContext& context, const Arguments& arguments, const Terminal& terminal) {
  auto tables = tables_of(arguments);
  if (!tables) return report(tables.error(), terminal);
  int code = kExitOk;
  boost::json::object all;
  std::string text;
  for (const OptionTable* table : tables.value()) {
    const auto settings = load_whole(context, *table, arguments);
    all[table->short_name] = check_json(settings);
    if (settings)
      text += fmt::format("{:<6}   ok   {}\n", table->short_name,
                          places_of(context, *table, settings.value()));
    else
      code = report(settings.error(), terminal);
  }
  if (arguments.has("json")) text = boost::json::serialize(all) + "\n";
  terminal.out << text;
  return code;
}

boost::json::value as_json(const Settings& settings) {
  boost::json::array rows;
  for (const Setting& setting : settings.all())
    rows.push_back({{"name", setting.name},
                    {"value", setting.shown},
                    {"origin", to_text(setting.origin)},
                    {"secret", setting.secret}});
  return rows;
}

int show(const ConfigContext& context, const Arguments& arguments, const Terminal& terminal) {
  auto tables = tables_of(arguments);
  if (!tables) return report(tables.error(), terminal);
  boost::json::object all;
  std::string text;
  for (const OptionTable* table : tables.value()) {
    const auto settings = load_checked(context, *table, arguments, Secrets::kLeave);
    if (!settings) return report(settings.error(), terminal);
    all[table->short_name] = as_json(settings.value());
    if (tables.value().size() > 1)
      text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", table->program);
    text += print_settings(settings.value(), arguments.has("origin"));
  }
  if (arguments.has("json")) text = boost::json::serialize(all) + "\n";
  terminal.out << text;
  return kExitOk;
}

int print_default(const Arguments& arguments, const Terminal& terminal) {
  if (arguments.words.empty())
    return report(fail(Code::kUsage, "say whose: agent or worker"), terminal);
  auto tables = tables_of(arguments);
  if (!tables) return report(tables.error(), terminal);
  terminal.out << print_conf(*tables.value().front());
  return kExitOk;
}

}  // namespace

std::vector<Command> config_commands(const ConfigContext& context) {
  using Words = std::vector<std::string>;
  std::vector<Command> commands;
  commands.push_back({.path = {"config", "check"},
                      .summary = "Reads the configuration and names everything that is wrong.",
                      .run =
                          [context](const Words& words, const Terminal& terminal) {
                            const auto arguments = parse_arguments(words, check_flags(), 1);
                            if (!arguments) return report(arguments.error(), terminal);
                            return check(context, arguments.value(), terminal);
                          },
                      .operands = "[agent|worker]",
                      .flags = check_flags()});
  commands.push_back({.path = {"config", "show"},
                      .summary = "Prints the settings that hold here; never a secret.",
                      .run =
                          [context](const Words& words, const Terminal& terminal) {
                            const auto arguments = parse_arguments(words, show_flags(), 1);
                            if (!arguments) return report(arguments.error(), terminal);
                            return show(context, arguments.value(), terminal);
                          },
                      .operands = "[agent|worker]",
                      .flags = show_flags()});
  commands.push_back({.path = {"config", "default"},
                      .summary = "Prints a configuration file with every key and its default.",
                      .run =
                          [](const Words& words, const Terminal& terminal) {
                            const auto arguments = parse_arguments(words, {}, 1);
                            if (!arguments) return report(arguments.error(), terminal);
                            return print_default(arguments.value(), terminal);
                          },
                      .operands = "agent|worker"});
  return commands;
}

}  // namespace meterbill
