#include "config/price_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "config/nearest.h"
#include "domain/period.h"

namespace meterbill {
namespace {

const std::vector<std::string> kBookKeys{"currency", "time_zone", "quantity_decimals", "price"};
const std::vector<std::string> kPriceKeys{"meter", "unit", "price", "from", "scopes"};
constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// Reads one file; goes on after a problem, so that all of them are shown at once.
class Reader {
 public:
  Reader(std::string_view text, const TimeZoneDatabase& zones)
      : text_(text), lines_(split_lines(text)), zones_(zones) {}

  PriceFile read() {
    if (text_.size() > kFileBytesMax) {
      problem(0, "the file is larger than 1 MiB", "split it, or name the right file");
      return std::move(file_);
    }
    const toml::parse_result parsed = toml::parse(text_);
    if (!parsed) {
      problem(static_cast<int>(parsed.error().source().begin.line),
              fmt::format("not TOML: {}", parsed.error().description()),
              "see https://toml.io, or meterbill-prices(5) for an example");
      return std::move(file_);
    }
    read_book(parsed.table());
    std::ranges::stable_sort(file_.problems, {}, &PriceProblem::line);
    return std::move(file_);
  }

 private:
  void problem(int line, std::string message, std::string remedy) {
    file_.problems.push_back({line, std::move(message), std::move(remedy)});
  }

  void read_book(const toml::table& table) {
    check_keys(table, kBookKeys);
    const auto currency = read_currency(table);
    const auto zone = read_zone(table);
    const int decimals = read_decimals(table);
    std::vector<PriceVersion> versions = read_prices(table, zone);
    if (!file_.problems.empty() || !currency || !zone) return;
    auto book = PriceBook::create({*currency, zone, decimals, std::move(versions)});
    if (book)
      file_.book = std::move(book).value();
    else
      problem(0, book.error().message, "correct the file");
  }

  void check_keys(const toml::table& table, const std::vector<std::string>& known) {
    for (const auto& [key, node] : table) {
      const std::string name{key.str()};
      if (std::ranges::find(known, name) != known.end()) continue;
      const std::string near = nearest(name, known);
      problem(static_cast<int>(key.source().begin.line), fmt::format("unknown key '{}'", name),
              near.empty() ? fmt::format("the keys are {}", fmt::join(known, ", "))
                           : fmt::format("did you mean {}?", near));
    }
  }

  /// A value that must be text. A bare number or date is shown as it must be written.
  std::optional<std::string> text_of(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    if (auto text = node->value_exact<std::string>()) return text;
    const std::string bare = source_of(*node);
    const bool fits = node->is_value() && !bare.empty();
    problem(
        line_of(*node),
        node->is_number() ? fmt::format("{} is a bare number, which computers round", key)
                          : fmt::format("{} must be text", key),
        fits ? fmt::format("write {} = \"{}\"", key, bare) : fmt::format("write {} = \"…\"", key));
    return std::nullopt;
  }

  /// The characters a one-line value was written with.
  std::string source_of(const toml::node& node) const {
    const auto [begin, end] = std::pair(node.source().begin, node.source().end);
    if (begin.line != end.line || begin.line == 0 || begin.line > lines_.size()) return "";
    const std::string_view line = lines_[begin.line - 1];
    if (begin.column == 0 || end.column <= begin.column || begin.column > line.size()) return "";
    std::string_view value = line.substr(begin.column - 1, end.column - begin.column);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    return std::string(value);
  }

  std::optional<Currency> read_currency(const toml::table& table) {
    if (table.get("currency") == nullptr)
      problem(0, "there is no currency", "write currency = \"USD\" above the first [[price]]");
    const auto code = text_of(table, "currency");
    if (!code) return std::nullopt;
    const auto currency = Currency::parse(*code);
    if (currency) return currency.value();
    problem(line_of(*table.get("currency")), currency.error().message,
            "write the code of three capital letters");
    return std::nullopt;
  }

  std::shared_ptr<const TimeZone> read_zone(const toml::table& table) {
    if (table.get("time_zone") == nullptr)
      problem(0, "there is no time_zone", "write time_zone = \"UTC\" above the first [[price]]");
    const auto name = text_of(table, "time_zone");
    if (!name) return nullptr;
    auto zone = zones_.find(*name);
    if (zone) return std::move(zone).value();
    problem(line_of(*table.get("time_zone")), zone.error().message,
            "write the name of an IANA time zone");
    return nullptr;
  }

  int read_decimals(const toml::table& table) {
    const toml::node* node = table.get("quantity_decimals");
    if (node == nullptr) return kQuantityDecimalsMax;
    const auto value = node->value_exact<std::int64_t>();
    if (value && *value >= 0 && *value <= kQuantityDecimalsMax) return static_cast<int>(*value);
    problem(line_of(*node), "quantity_decimals is not a whole number from 0 to 9",
            "write quantity_decimals = 9");
    return kQuantityDecimalsMax;
  }

  std::vector<PriceVersion> read_prices(const toml::table& table,
                                        const std::shared_ptr<const TimeZone>& zone) {
    std::vector<PriceVersion> versions;
    const toml::node* node = table.get("price");
    if (node == nullptr) return versions;
    const toml::array* rows = node->as_array();
    if (rows == nullptr || !rows->is_homogeneous(toml::node_type::table)) {
      problem(line_of(*node), "price is not a list of prices",
              "begin each price with a line [[price]]");
      return versions;
    }
    for (const toml::node& row : *rows)
      if (auto version = read_price(*row.as_table(), zone)) {
        if (zone) check_twin(*version, line_of(row));
        versions.push_back(std::move(*version));
      }
    return versions;
  }

  std::optional<PriceVersion> read_price(const toml::table& row,
                                         const std::shared_ptr<const TimeZone>& zone) {
    const std::size_t problems_before = file_.problems.size();
    check_keys(row, kPriceKeys);
    for (const char* key : {"meter", "unit", "price"})
      if (row.get(key) == nullptr)
        problem(line_of(row), fmt::format("this price has no {}", key),
                fmt::format("add a line {} = \"…\"", key));
    const auto meter = text_of(row, "meter");
    const auto unit_name = text_of(row, "unit");
    const auto unit = meter && unit_name ? read_unit(row, *meter, *unit_name) : std::nullopt;
    const auto price = read_amount(row);
    const BilledScopes scopes = read_scopes(row);
    const std::optional<Slot> from = read_from(row, zone);
    if (file_.problems.size() > problems_before || !meter || !unit || !price) return std::nullopt;
    return PriceVersion{MeterName{*meter}, *unit, scopes, from, *price};
  }

  std::optional<Unit> read_unit(const toml::table& row, const std::string& meter,
                                const std::string& unit_name) {
    if (!is_meter(meter)) {
      problem(line_of(*row.get("meter")), fmt::format("'{}' is not the name of a meter", meter),
              "a name has up to 32 lower-case letters, digits and _, and begins with a letter");
      return std::nullopt;
    }
    const auto unit = find_unit(MeterName{meter}, unit_name);
    if (unit) return unit.value();
    std::vector<std::string> meters;
    for (const MeterKind& kind : known_meters()) meters.emplace_back(kind.name);
    const std::string near =
        std::ranges::find(meters, meter) == meters.end() ? nearest(meter, meters) : "";
    problem(line_of(*row.get("unit")), unit.error().message,
            near.empty() ? "write one of these units"
                         : fmt::format("did you mean the meter {}?", near));
    return std::nullopt;
  }

  std::optional<Price> read_amount(const toml::table& row) {
    const auto text = text_of(row, "price");
    if (!text) return std::nullopt;
    const auto price = Price::parse(*text);
    if (price) return price.value();
    problem(line_of(*row.get("price")), price.error().message,
            "write digits with a point and at most 12 decimals, such as price = \"0.05\"");
    return std::nullopt;
  }

  BilledScopes read_scopes(const toml::table& row) {
    const auto text = text_of(row, "scopes");
    if (text == "parts") return BilledScopes::kParts;
    if (text && text != "machine")
      problem(line_of(*row.get("scopes")), fmt::format("scopes is '{}'", *text),
              "write scopes = \"machine\" or scopes = \"parts\"");
    return BilledScopes::kMachine;
  }

  std::optional<Slot> read_from(const toml::table& row,
                                const std::shared_ptr<const TimeZone>& zone) {
    const auto text = text_of(row, "from");
    if (!text || !zone) return std::nullopt;
    const auto slot = slot_of(*text, *zone);
    if (slot) return slot.value();
    problem(line_of(*row.get("from")), slot.error().message,
            "write a date (2026-01-01) or an instant on a quarter hour (2026-01-01T00:15:00Z)");
    return std::nullopt;
  }

  static Result<Slot> slot_of(const std::string& text, const TimeZone& zone) {
    if (text.find('T') != std::string::npos) {
      MB_TRY(const UtcTime time, parse_utc(text));
      return slot_at(time, "from");
    }
    MB_TRY(const LocalDate date, parse_date(text));
    return slot_at(zone.start_of(date), "from " + text);
  }

  void check_twin(const PriceVersion& version, int line) {
    const auto [known, is_new] = lines_by_version_.try_emplace({version.meter, version.from}, line);
    if (is_new) return;
    problem(line,
            fmt::format("meter {} has a price from the same time in line {}", version.meter.str(),
                        known->second),
            "give one of the two another from, or remove it");
  }

  std::string_view text_;
  std::vector<std::string_view> lines_;
  const TimeZoneDatabase& zones_;
  PriceFile file_;
  std::map<std::pair<MeterName, std::optional<Slot>>, int> lines_by_version_;
};

}  // namespace

std::string to_string(const PriceProblem& problem) {
  return (problem.line > 0 ? fmt::format("line {}: ", problem.line) : "") + problem.message + "; " +
         problem.remedy;
}

Error problems_error(std::string_view file, const std::vector<PriceProblem>& problems) {
  std::string message;
  for (const PriceProblem& problem : problems)
    message += fmt::format("{}{}: {}", message.empty() ? "" : "\n", file, to_string(problem));
  return fail(Code::kConfig, std::move(message));
}

PriceFile read_price_file(std::string_view text, const TimeZoneDatabase& zones) {
  return Reader{text, zones}.read();
}

Result<PriceBook> parse_prices(std::string_view text, std::string_view file,
                               const TimeZoneDatabase& zones) {
  PriceFile read = read_price_file(text, zones);
  if (read.book) return *std::move(read.book);
  return problems_error(file, read.problems);
}

}  // namespace meterbill
