// Billing stories as text. Each file under tests/scenarios tells one: what happened, one event a
// row, then, below a line of dashes, what is owed. MB_UPDATE_GOLDEN=1 rewrites what is owed.
//
//   currency EUR | zone Europe/Berlin | period 2026-11
//   price   METER UNIT PRICE [from LOCAL-DATE-OR-INSTANT] [parts]
//   sample  MACHINE TIME CPU MEMORY [xCOUNT]
//   use     MACHINE SCOPE TIME METER QUANTITY UNIT            a usage event
//   reading MACHINE EPOCH BOOT SLOT FROM-TO [estimated S] [off S] METER=BASE…
//           FROM-TO: seconds of the boot clock; metered is what of them is not estimated or off
//   part    MACHINE EPOCH BOOT SLOT SCOPE METER=BASE…

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"
#include "cli/memory_usage.h"
#include "config/price_file.h"
#include "domain/unit.h"
#include "support/golden.h"

namespace meterbill {
namespace {

const std::string kFolder = "tests/scenarios/";

using Words = std::vector<std::string>;

std::int64_t integer(const std::string& text) { return parse_count(text).value(); }

MeterTotals totals_of(const Words& words, std::size_t from) {
  MeterTotals totals;
  for (std::size_t i = from; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    totals[MeterName{words[i].substr(0, equals)}] = integer(words[i].substr(equals + 1));
  }
  return totals;
}

/// Plays the rows above the dashes.
class Story {
 public:
  void row(const Words& words) {
    const std::string& kind = words.at(0);
    if (kind == "currency" || kind == "zone")
      (kind == "currency" ? currency_ : zone_) = words.at(1);
    else if (kind == "period")
      period_ = words.at(1);
    else if (kind == "price")
      price(words);
    else if (kind == "sample")
      sample(words);
    else if (kind == "use")
      use(words);
    else if (kind == "reading" || kind == "part")
      reading(words);
    else
      FAIL() << "unknown row: " << kind;
  }

  /// What is owed.
  std::string ending() const {
    const HostTimeZones zones{sha256_hex};
    const auto book = parse_prices(
        fmt::format("currency = \"{}\"\ntime_zone = \"{}\"\n{}", currency_, zone_, prices_),
        "prices", zones);
    if (!book) return book.error().message;
    const auto period = parse_period(period_, book.value().zone(), UtcTime{});
    if (!period) return period.error().message;
    const auto rated = usage_.rate(period.value().slots, std::nullopt, book.value());
    if (!rated) return rated.error().message;
    return text_of(rated.value());
  }

 private:
  void price(const Words& words) {
    prices_ += fmt::format("[[price]]\nmeter = \"{}\"\nunit = \"{}\"\nprice = \"{}\"\n",
                           words.at(1), words.at(2), words.at(3));
    for (std::size_t i = 4; i < words.size(); ++i) {
      if (words[i] == "parts") prices_ += "scopes = \"parts\"\n";
      if (words[i] == "from") prices_ += fmt::format("from = \"{}\"\n", words.at(++i));
    }
  }

  void sample(const Words& words) {
    const std::int64_t count = words.size() > 5 ? integer(words[5].substr(1)) : 1;
    const auto nano = [](const std::string& text) {
      return narrow(parse_decimal(text, 9).value()).value();
    };
    for (std::int64_t i = 0; i < count; ++i)
      apply(Sample{MachineId{words.at(1)}, nano(words.at(3)), nano(words.at(4))}, words.at(2));
  }

  void use(const Words& words) {
    const MeterName meter{words.at(4)};
    const Unit unit = find_unit(meter, words.at(6)).value();
    const Int128 nano = parse_decimal(words.at(5), 9).value();
    const Int128 base = scale_half_even(nano, unit.base_units, power_of_ten(9)).value();
    apply(UsageEvent{"urn:story", fmt::format("{}", ++events_), MachineId{words.at(1)},
                     ScopeName{words.at(2)}, meter, narrow(base).value(),
                     parse_utc(words.at(3)).value()},
          words.at(3));
  }

  void reading(const Words& words) {
    Reading item;
    item.slot = Slot::parse(words.at(4)).value();
    std::size_t next = 6;
    if (words[0] == "part") {
      item.scope = ScopeName{words.at(5)};
    } else {
      item.scope = machine_scope();
      item.cover = cover_of(words, next);
    }
    item.used = totals_of(words, next);
    ReadingMessage message;
    message.machine = MachineId{words.at(1)};
    message.epoch = EpochId{words.at(2)};
    message.boot = BootId{words.at(3)};
    message.items = {item};
    apply(message, words.at(4));
  }

  static Cover cover_of(const Words& words, std::size_t& next) {
    constexpr std::int64_t kSecond = 1'000'000;
    const std::size_t dash = words.at(5).find('-');
    Cover cover;
    cover.from_us = integer(words[5].substr(0, dash)) * kSecond;
    cover.to_us = integer(words[5].substr(dash + 1)) * kSecond;
    for (; next + 1 < words.size() && words[next].find('=') == std::string::npos; next += 2)
      (words[next] == "off" ? cover.off_us : cover.estimated_us) =
          integer(words[next + 1]) * kSecond;
    cover.metered_us = cover.to_us - cover.from_us - cover.estimated_us - cover.off_us;
    return cover;
  }

  void apply(const Message& message, const std::string& time) {
    for (const Rejection& rejection :
         usage_.apply(message, Slot::containing(parse_utc(time).value())))
      ADD_FAILURE() << rejection.detail;
  }

  static std::string text_of(const RatedUsage& rated) {
    const Bill& bill = rated.bill;
    std::string text;
    for (const Line& line : bill.lines)
      text += fmt::format("line {} {} {} from {}: {} {} × {} = {}, rounded {}\n",
                          line.key.machine.str(), line.key.scope.str(), line.key.meter.str(),
                          to_string(line.key.segment),
                          decimal_text(Int256(line.quantity), bill.quantity_decimals),
                          line.version.unit.name, to_string(line.version.price),
                          to_string(line.cost), to_string(line.amount, bill.currency));
    for (const UnpricedLine& line : bill.unpriced)
      text +=
          fmt::format("unpriced {} {} {}: {} {}\n", line.key.machine.str(), line.key.scope.str(),
                      line.key.meter.str(),
                      decimal_text(Int256(line.quantity), bill.quantity_decimals), line.unit.name);
    for (const auto& [machine, left_out] : bill.not_billed)
      for (const auto& [scopes, meters] :
           {std::pair{"parts", &left_out.of_parts}, std::pair{"machine", &left_out.of_machine}})
        for (const auto& [meter, base] : *meters)
          text += fmt::format("not billed {} {} {}: {} {}\n", machine.str(), scopes, meter.str(),
                              to_string(base), meter_kind(meter).base_unit);
    for (const auto& [machine, note] : rated.notes) {
      for (const auto& [meter, base] : note.held)
        text += fmt::format("held {} {}: {} {}\n", machine.str(), meter.str(), to_string(base),
                            meter_kind(meter).base_unit);
      if (!note.coverage) continue;
      const Coverage& cover = *note.coverage;
      text +=
          fmt::format("coverage {}: metered {} s, estimated {} s, off {} s, missing {} s\n",
                      machine.str(), cover.metered_us / 1'000'000, cover.estimated_us / 1'000'000,
                      cover.off_us / 1'000'000, cover.missing_us / 1'000'000);
    }
    return text + fmt::format("total {} {}, exact {}\n", to_string(bill.total, bill.currency),
                              bill.currency.code(), to_string(bill.exact_total));
  }

  std::string currency_ = "USD";
  std::string zone_ = "UTC";
  std::string period_ = "2026-11";
  std::string prices_;
  MemoryUsage usage_;
  int events_ = 0;
};

std::vector<std::string> stories() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(METERBILL_SOURCE_DIR) + "/" + kFolder))
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt")
      names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class ScenarioTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Story, ScenarioTest, testing::ValuesIn(stories()),
                         [](const auto& test) { return test.param; });

TEST_P(ScenarioTest, EndsAsTold) {
  const std::string path = kFolder + GetParam() + ".txt";
  std::ifstream file(std::string(METERBILL_SOURCE_DIR) + "/" + path);
  Story story;
  std::string told;
  for (std::string line; std::getline(file, line) && !line.starts_with("---");) {
    told += line + "\n";
    std::istringstream stream(line.substr(0, line.find('#')));
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (!words.empty()) story.row(words);
  }
  expect_golden(path, told + "---\n" + story.ending());
}

}  // namespace
}  // namespace meterbill
