#include "cli/prices_check.h"

#include <ostream>
#include <utility>

#include "cli/arguments.h"
#include "config/price_file.h"
#include "report/json_writer.h"
#include "report/price_book_report.h"

namespace meterbill {
namespace {

const std::vector<Flag>& flags() {
  static const std::vector<Flag> kFlags{
      {.name = "prices", .value = "FILE", .help = "prices.toml; without it the prices in force"},
      {.name = "json", .help = "print JSON"}};
  return kFlags;
}

std::string problems_json(const std::string& source, const std::vector<PriceProblem>& problems) {
  JsonWriter json;
  json.begin_object().string("source", source);
  json.begin_array("problems");
  for (const PriceProblem& problem : problems) {
    json.begin_object();
    json.integer("line", problem.line);
    json.string("message", problem.message);
    json.string("remedy", problem.remedy);
    json.end_object();
  }
  json.end_array();
  return json.end_object().take() + "\n";
}

int check(const Arguments& arguments, const Terminal& terminal, const PricesCheckDeps& deps) {
  std::string source = arguments.value("prices").value_or(deps.default_prices);
  std::string text{built_in_prices()};
  if (source.empty()) {
    source = kBuiltInPrices;
  } else {
    auto read = deps.read_file(source);
    if (!read) return report(read.error(), terminal);
    text = std::move(read).value();
  }
  const PriceFile file = read_price_file(text, deps.zones);
  const bool as_json = arguments.has("json");
  if (!file.book) {
    if (as_json) terminal.out << problems_json(source, file.problems);
    return report(problems_error(source, file.problems), terminal);
  }
  const std::string digest = deps.sha256_hex(file.book->text());
  terminal.out << (as_json ? price_book_json(*file.book, source, digest)
                           : price_book_text(*file.book, source, digest));
  return kExitOk;
}

}  // namespace

int prices_check(const std::vector<std::string>& arguments, const Terminal& terminal,
                 const PricesCheckDeps& deps) {
  const auto parsed = parse_arguments(arguments, flags(), 0);
  return parsed ? check(parsed.value(), terminal, deps) : report(parsed.error(), terminal);
}

Command prices_check_command(PricesCheckDeps deps) {
  return {.path = {"prices", "check"},
          .summary = "Prints the prices of a file, or all that is wrong with it.",
          .run = [deps = std::move(deps)](
                     const std::vector<std::string>& arguments,
                     const Terminal& terminal) { return prices_check(arguments, terminal, deps); },
          .operands = "",
          .flags = flags()};
}

}  // namespace meterbill
