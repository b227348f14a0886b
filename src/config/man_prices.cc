#include <fmt/format.h>

#include "config/man_page.h"
#include "config/man_settings.h"
#include "domain/money.h"
#include "domain/unit.h"

namespace meterbill {
namespace {

void add_book(ManPage& page) {
  page.heading("THE BOOK");
  page.paragraph("Above the first price:");
  page.item("`currency`", "The code of the currency, three capital letters. Needed.");
  page.item("`time_zone`",
            "The IANA name of the zone in which months and dates begin, or `UTC`. Needed.");
  page.item("`quantity_decimals`",
            fmt::format("To how many decimals a quantity is rounded before it is priced, a whole "
                        "number from 0 to {0}. Default {0}.",
                        kQuantityDecimalsMax));
}

void add_prices(ManPage& page) {
  page.heading("A PRICE");
  page.paragraph("Each begins with a line `[[price]]`. All its values are text in quotes:");
  page.item("`meter`",
            "What is counted. Needed. A name that is not listed below is what an application "
            "counts; it has up to 32 lower-case letters, digits and _, and begins with a letter.");
  page.item("`unit`", "In what it is priced, one of the meter's units. Needed.");
  page.item("`price`",
            fmt::format("What one unit costs, digits with a point and at most {} decimals: "
                        "`\"0.05\"`. Needed. A bare number is refused: computers round it.",
                        kPriceDecimals));
  page.item("`from`",
            "Since when. A date, `\"2026-01-01\"`, is the first instant of that day in the book's "
            "zone; an instant is `\"2026-01-01T00:15:00Z\"`. It falls on a quarter hour of UTC. "
            "Without it the price holds since always. It holds until the next price of the meter.");
  page.item("`scopes`",
            "`\"machine\"`, the default, bills what the machine as a whole used; `\"parts\"` bills "
            "its services, users and containers instead.");
}

void add_meters(ManPage& page) {
  page.heading("METERS AND UNITS");
  const auto units_of = [](const MeterKind& kind) {
    std::string text;
    for (const Unit& unit : kind.units)
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ", unit.name);
    return text;
  };
  for (const MeterKind& kind : known_meters())
    page.item(fmt::format("`{}`", kind.name),
              fmt::format("{}, in {}", kind.meaning, units_of(kind)));
  const MeterKind& other = meter_kind(MeterName{"other"});
  page.item("any other", fmt::format("{}, in {}", other.meaning, units_of(other)));
  page.paragraph(
      "A core hour is one core busy for one hour, a gib_hour one GiB (2^30 bytes) for one hour, a "
      "gb_hour one GB (10^9 bytes) for one hour, a percent_sample one sample that shows 1 %.");
}

}  // namespace

std::string man_prices() {
  ManPage page("meterbill-prices", 5, "prices of the MeterBill worker");
  page.heading("SYNOPSIS");
  page.paragraph("`worker.prices` = FILE, in `meterbill.conf`(5)");
  page.heading("DESCRIPTION");
  page.paragraph(
      "A price file is TOML in UTF-8, at most 1 MiB: a few facts of the book, and then prices, "
      "each "
      "with the date it begins. Without one the worker uses its built-in prices, which "
      "`examples/prices.toml` in the package's documentation shows. An unknown key is an error; "
      "all "
      "that is wrong is reported at once, each with its line and what to write instead.");
  page.paragraph(
      "A price that has billed is remembered. Add prices with a later date; one that is changed or "
      "removed after it was used is named on every statement and by `meterbill prices check`, "
      "because a bill that was given out would come out otherwise. A meter without a price is "
      "counted and not billed.");
  add_book(page);
  add_prices(page);
  add_meters(page);
  page.heading("EXAMPLES");
  page.paragraph("Two prices of one meter; the second holds from the new year on:");
  page.example(
      "currency = \"EUR\"\n"
      "time_zone = \"Europe/Berlin\"\n"
      "\n"
      "[[price]]\n"
      "meter = \"cpu\"\n"
      "unit = \"core_hour\"\n"
      "price = \"0.042\"\n"
      "\n"
      "[[price]]\n"
      "meter = \"cpu\"\n"
      "unit = \"core_hour\"\n"
      "price = \"0.045\"\n"
      "from = \"2027-01-01\"\n");
  page.paragraph("What is wrong with a file is said before the worker sees it:");
  page.example("meterbill prices check --prices prices.toml\nmeterbill reload worker\n");
  page.see_also("meterbill(1) meterbill.conf(5) meterbill-worker(8)");
  return page.roff();
}

}  // namespace meterbill
