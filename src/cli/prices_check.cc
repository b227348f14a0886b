#include "cli/prices_check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <ostream>
#include <utility>

#include "cli/arguments.h"
#include "cli/json_members.h"
#include "config/price_file.h"
#include "report/json_writer.h"
#include "report/price_book_report.h"

namespace meterbill {
namespace {

namespace json = boost::json;

const std::vector<Flag>& flags() {
  static const std::vector<Flag> kFlags{
      {.name = "prices", .value = "FILE", .help = "prices.toml; without it the prices in force"},
      {.name = "server",
       .value = "URL",
       .help = "the worker to ask which prices were used, http://host:port"},
      {.name = "ledger", .value = "FILE", .help = "ask the ledger of a stopped worker instead"},
      {.name = "json", .help = "print JSON"}};
  return kFlags;
}

std::string problems_json(const std::string& source, const std::vector<PriceProblem>& problems) {
  JsonWriter writer;
  writer.begin_object().string("source", source).begin_array("problems");
  for (const PriceProblem& problem : problems)
    writer.begin_object()
        .integer("line", problem.line)
        .string("message", problem.message)
        .string("remedy", problem.remedy)
        .end_object();
  return writer.end_array().end_object().take() + "\n";
}

/// What the answer of /api/v1/prices lists.
Result<std::vector<PriceVersionUse>> used_in(const json::value& answer) {
  const auto strange = fail(Code::kInvalid, "the answer lists no prices: is it a worker's?");
  if (!answer.is_object()) return strange;
  const json::value* list = answer.as_object().if_contains("used");
  if (list == nullptr || !list->is_array()) return strange;
  std::vector<PriceVersionUse> used;
  for (const json::value& row : list->as_array()) {
    PriceVersionUse use;
    for (const auto& [name, member] :
         {std::pair{"meter", &PriceVersionUse::meter}, std::pair{"unit", &PriceVersionUse::unit},
          std::pair{"scopes", &PriceVersionUse::scopes}, std::pair{"from", &PriceVersionUse::from},
          std::pair{"sha256", &PriceVersionUse::digest}}) {
      const json::value* text = row.is_object() ? row.as_object().if_contains(name) : nullptr;
      if (text == nullptr || !text->is_string()) return strange;
      use.*member = std::string(text->as_string());
    }
    used.push_back(std::move(use));
  }
  const json::value* terms = answer.as_object().if_contains("terms");
  if (terms == nullptr) return used;  // an older worker's answer
  if (!terms->is_object()) return strange;
  for (const auto& [name, value] : terms->as_object()) {
    if (!value.is_string()) return strange;
    used.push_back({"", std::string(name), "", "", std::string(value.as_string())});
  }
  return used;
}

/// Without --prices it is the worker's prices that are checked: a book of another text is not them.
/// An older worker does not say which it uses.
Result<void> same_prices(const json::value& answer, const std::string& digest) {
  const std::string there = text_of(answer, "sha256");
  if (there.empty() || there == digest) return ok();
  return fail(Code::kInvalid, "these are not the prices that it uses: name its file, " +
                                  text_of(answer, "source") + " there, with --prices");
}

Result<UsedPrices> compare(const Arguments& arguments, const PriceBook& book,
                           const PricesCheckDeps& deps) {
  Arguments asked = arguments;
  // A running worker is asked with its own prices; here --prices names the file that is checked.
  if (!asked.has("ledger")) asked.values.erase("prices");
  MB_TRY(const std::string body, read_worker(deps.access, asked, "/api/v1/prices"));
  const std::string place = worker_place(deps.access, asked);
  boost::system::error_code error;
  const json::value answer = json::parse(body, error);  // null, if it is no JSON: told by used_in
  if (!arguments.has("prices")) {
    MB_TRYV(in(place, same_prices(answer, deps.sha256_hex(book.text()))));
  }
  MB_TRY(const auto used, in(place, used_in(answer)));
  const auto versions = used.size() - static_cast<std::size_t>(
                                          std::ranges::count_if(used, &PriceVersionUse::is_term));
  return UsedPrices{place, versions, changed_prices(book, used, deps.sha256_hex)};
}

/// Prints the book with what `used` says of it; returns the exit code.
int print(const Arguments& arguments, const Terminal& terminal, const PriceBook& book,
          const std::string& source, const PricesCheckDeps& deps) {
  const auto compared = compare(arguments, book, deps);
  const UsedPrices* used = compared ? &compared.value() : nullptr;
  const std::string digest = deps.sha256_hex(book.text());
  terminal.out << (arguments.has("json") ? price_book_json(book, source, digest, used)
                                         : price_book_text(book, source, digest, used));
  if (!compared) {
    // Without --server nobody asked for it: a worker that is away is only told.
    const bool is_away = compared.error().code == Code::kUnavailable && !arguments.has("server");
    const int code =
        report(Error(compared.error()).in("not compared with the prices that were used"), terminal);
    return is_away ? int{kExitOk} : code;
  }
  for (const ChangedPrice& price : used->changed)
    static_cast<void>(report(fail(Code::kInvalid, to_text(price, book.zone())), terminal));
  return used->changed.empty() ? kExitOk : kExitData;
}

int check(const Arguments& arguments, const Terminal& terminal, const PricesCheckDeps& deps) {
  if (!arguments.has("prices") && deps.default_failure)
    return report(*deps.default_failure, terminal);
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
  if (file.book) return print(arguments, terminal, *file.book, source, deps);
  if (arguments.has("json")) terminal.out << problems_json(source, file.problems);
  // Here the file is what is looked at, not what a service was told to work with.
  return report(fail(Code::kInvalid, problems_error(source, file.problems).message), terminal);
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
