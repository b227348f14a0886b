#include "report/price_book_report.h"

#include <fmt/format.h>

#include "report/json_writer.h"
#include "report/statement_report.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

std::string_view scopes_text(const PriceVersion& version) {
  return version.scopes == BilledScopes::kMachine ? "machine" : "parts";
}

void write_used(JsonWriter& json, const UsedPrices& used, const TimeZone& zone) {
  json.begin_object("used").string("ledger", used.ledger);
  json.integer("count", static_cast<std::int64_t>(used.count)).begin_array("changed");
  for (const ChangedPrice& price : used.changed) {
    if (price.used.is_term()) continue;
    json.begin_object()
        .string("meter", price.used.meter)
        .string("unit", price.used.unit)
        .string("scopes", price.used.scopes)
        .string("from", price.used.from)
        .string("change", price.is_dropped ? "dropped" : "edited")
        .string("message", to_text(price, zone))
        .end_object();
  }
  json.end_array().begin_array("changed_terms");
  for (const ChangedPrice& price : used.changed) {
    if (!price.used.is_term()) continue;
    json.begin_object()
        .string("term", price.used.unit)
        .string("was", price.was)
        .string("is", price.is)
        .string("message", to_text(price, zone))
        .end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::string price_book_text(const PriceBook& book, std::string_view source, std::string_view digest,
                            const UsedPrices* used) {
  std::string text = labelled("Prices", source);
  text += labelled("Currency", book.currency().code());
  text += labelled("Time zone", book.zone().data().name);
  text += labelled("Quantities", fmt::format("rounded to {} decimals", book.quantity_decimals()));
  text += "\n";
  TextTable table{{{"meter", Align::kLeft},
                   {"price", Align::kPoint},
                   {"per unit", Align::kLeft},
                   {"bills", Align::kLeft},
                   {"since", Align::kLeft}}};
  for (const PriceVersion& version : book.versions())
    table.row({version.meter.str(), to_string(version.price), std::string(version.unit.name),
               std::string(scopes_text(version)), since_text(version, book.zone())});
  text += table.text() + fmt::format("\n  sha256 {}\n", digest);
  if (used == nullptr) return text;
  std::size_t changed = 0;
  std::string terms;
  for (const ChangedPrice& price : used->changed) {
    if (!price.used.is_term()) ++changed;
    if (price.used.is_term()) terms += (terms.empty() ? "; other " : ", ") + price.used.unit;
  }
  return text + fmt::format("\nUsed so far: {} price version{}, {} of them changed since{}   {}\n",
                            used->count, used->count == 1 ? "" : "s",
                            changed == 0 ? "none" : std::to_string(changed), terms, used->ledger);
}

std::string price_book_json(const PriceBook& book, std::string_view source, std::string_view digest,
                            const UsedPrices* used) {
  JsonWriter json;
  json.begin_object();
  json.string("source", source);
  json.string("currency", book.currency().code());
  json.string("time_zone", book.zone().data().name);
  json.integer("quantity_decimals", book.quantity_decimals());
  json.begin_array("prices");
  for (const PriceVersion& version : book.versions()) {
    json.begin_object();
    json.string("meter", version.meter.str());
    json.string("unit", version.unit.name);
    json.string("price", to_string(version.price));
    json.string("scopes", scopes_text(version));
    json.string_or_null("from", version.from);
    json.end_object();
  }
  json.end_array();
  json.string("text", book.text());
  json.string("sha256", digest);
  json.begin_array("problems").end_array();
  if (used != nullptr) write_used(json, *used, book.zone());
  return json.end_object().take() + "\n";
}

}  // namespace meterbill
