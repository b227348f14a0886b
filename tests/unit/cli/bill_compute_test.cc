#include "cli/bill_compute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <random>
#include <sstream>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"
#include "cli/cli.h"
#include "cli/prices_check.h"
#include "config/price_file.h"
#include "domain/slot.h"
#include "support/golden.h"
#include "support/manual_clock.h"

namespace meterbill {
namespace {

const HostTimeZones& zones() {
  static const HostTimeZones kZones{sha256_hex};
  return kZones;
}

struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
};

/// The commands on a file system in memory, at a time that stands still.
class BillComputeTest : public testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& arguments, const std::string& standard_input = "") {
    std::istringstream in(standard_input);
    std::ostringstream out;
    std::ostringstream err;
    const auto read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files_.find(path);
      if (found == files_.end()) return fail(Code::kNotFound, path + ": no such file");
      return found->second;
    };
    const Cli cli{{bill_compute_command({zones(), clock_, read_file, sha256_hex}),
                   prices_check_command({zones(), read_file, sha256_hex, default_prices_,
                                         default_failure_, access()})}};
    const int exit = cli.run(arguments, {in, out, err});
    return {exit, out.str(), err.str()};
  }

  Outcome compute(const std::string& lines, std::vector<std::string> more = {}) {
    files_["usage.jsonl"] = lines;
    more.insert(more.begin(), {"bill", "compute", "--readings", "usage.jsonl"});
    return run(more);
  }

  ServiceAccess access() {
    return {
        [this](const std::string& server, const std::string& method,
               const std::string& target) -> Result<ServiceAnswer> {
          asked_.push_back(method + " " + server + target);
          return used_prices_;
        },
        {"http://worker", "unix:control", "http://agent", "unix:agent"},
        [this](const LedgerChoice& ledger, const std::string& target) -> Result<ServiceAnswer> {
          asked_.push_back("ledger " + ledger.path + " " + ledger.prices.value_or("-") + target);
          return used_prices_;
        }};
  }

  std::map<std::string, std::string> files_;
  std::string default_prices_;
  std::optional<Error> default_failure_;
  std::vector<std::string> asked_;
  /// What the worker answers to `prices check`.
  Result<ServiceAnswer> used_prices_ = fail(Code::kUnavailable, "http://worker: nobody there");
  ManualClock clock_{{.utc = parse_utc("2026-11-22T10:20:00Z").value()}};
};

const std::string kSample =
    R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})"
    "\n";

/// A machine reading's value as Kafka carries it.
std::string reading(const std::string& machine, char epoch, const std::string& boot,
                    const std::string& slot_text, std::int64_t from_s, std::int64_t to_s,
                    std::int64_t cpu_s, const std::string& more = "") {
  const auto us = [](std::int64_t seconds) { return std::to_string(seconds * 1'000'000); };
  return R"({"machine_id":")" + machine + R"(","epoch":")" + std::string(32, epoch) +
         R"(","boot_id":")" + boot + R"(","labels":{},"seq":1,"readings":[{"slot":")" + slot_text +
         R"(","scope":"machine","from_us":")" + us(from_s) + R"(","to_us":")" + us(to_s) +
         R"(","metered_us":")" + us(to_s - from_s) +
         R"(","estimated_us":"0","off_us":"0","final":false,"scopes":0,"used":{"cpu":")" +
         us(cpu_s) + R"(","cpu_capacity":")" + us(2 * (to_s - from_s)) + R"(","uptime":")" +
         us(to_s - from_s) + R"("}})" + more + "]}\n";
}

TEST_F(BillComputeTest, AThousandSamplesOfThePrototypeCost1227Exactly) {
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += kSample;
  const Outcome outcome = compute(lines, {"--json"});
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find(R"("exact_total":"1227","total":"1227.00","difference":"")"),
            std::string::npos)
      << outcome.out;
}

TEST_F(BillComputeTest, PrintsTheStatement) {
  const std::string lines = kSample + kSample +
                            reading("web-1", 'a', "boot-1", "2026-11-22T10:00:00Z", 0, 900, 600) +
                            reading("web-1", 'a', "boot-1", "2026-11-22T10:15:00Z", 900, 1'200, 30);
  const Outcome outcome = compute(lines);
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  expect_golden("tests/golden/bill_compute.txt", outcome.out);
}

/// A slot of two cores with a service and a view, complete: 1,836 s and 100 ms of cpu are the most.
std::string with_parts(std::int64_t service_ms) {
  const auto scope = [](const std::string& name, std::int64_t cpu_ms) {
    return R"(,{"slot":"2026-11-22T10:00:00Z","scope":")" + name +
           R"(","final":true,"used":{"cpu":")" + std::to_string(cpu_ms * 1'000) + R"("}})";
  };
  std::string text = reading("web-1", 'a', "boot-1", "2026-11-22T10:00:00Z", 0, 900, 600,
                             scope("service:nginx", service_ms) + scope("view:cores", 9'999'000));
  const std::string open = R"("final":false,"scopes":0)";
  return text.replace(text.find(open), open.size(), R"("final":true,"scopes":3)");
}

TEST_F(BillComputeTest, PartsAboveTheMachineHoldTheEpochInThatSlotAndViewsHoldNothing) {
  const Outcome at_the_limit = compute(with_parts(1'836'100), {"--json"});
  EXPECT_NE(at_the_limit.out.find(R"("held":[])"), std::string::npos) << at_the_limit.out;
  EXPECT_EQ(at_the_limit.out.find("view:"), std::string::npos) << at_the_limit.out;
  const Outcome above = compute(with_parts(1'836'101), {"--json"});
  EXPECT_NE(above.out.find(R"("lines":[])"), std::string::npos) << above.out;
  EXPECT_NE(above.out.find(R"("held":[{"meter":"cpu","base_quantity":"600000000")"),
            std::string::npos)
      << above.out;
}

TEST_F(BillComputeTest, ReadingsMergeInAnyOrderAndAnyNumber) {
  std::vector<std::string> lines;
  for (std::int64_t to = 100; to <= 900; to += 100)
    lines.push_back(reading("web-1", 'a', "boot-1", "2026-11-22T10:00:00Z", 0, to, to / 2));
  std::mt19937 random{11};  // NOLINT: the same shuffles each time
  std::string first;
  for (int i = 0; i < 10; ++i) {
    std::ranges::shuffle(lines, random);
    std::string text = lines[0] + lines[3];  // repeated
    for (const std::string& line : lines) text += line;
    const Outcome outcome = compute(text, {"--csv"});
    EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
    if (first.empty()) first = outcome.out;
    EXPECT_EQ(outcome.out, first);
  }
  EXPECT_NE(first.find("line,web-1,machine,,cpu,2026-11-01T00:00:00Z,0.125,core_hour,0.02,USD,"
                       "0.0025,0.00,always"),
            std::string::npos)
      << first;
}

TEST_F(BillComputeTest, SamplesAreBookedAtTheirTimestampElseAtTheOptionElseNow) {
  const std::string dated =
      R"({"machine_id":"m","cpu_usage":1,"memory_usage":0,"timestamp":1764547200})"  // 2025-12-01
      "\n";
  EXPECT_NE(compute(dated, {"--csv"}).out.find("2025-12-01T00:00:00Z"), std::string::npos);
  EXPECT_NE(compute(kSample, {"--csv", "--at=2026-01-31T23:59:59Z"}).out.find(",2026-01,"),
            std::string::npos);
  EXPECT_NE(compute(kSample, {"--csv"}).out.find(",2026-11,"), std::string::npos);
}

TEST_F(BillComputeTest, UsageEventsCountOnceById) {
  const std::string event =
      R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:app","id":"1",)"
      R"("subject":"web-1","data":{"scope":"machine","meter":"api_calls","quantity":"2.5",)"
      R"("unit":"unit","time":"2026-11-22T10:00:00Z"}})"
      "\n";
  const Outcome outcome = compute(event + event, {"--json"});
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find(R"("base_quantity":"2500000000")"), std::string::npos) << outcome.out;
}

TEST_F(BillComputeTest, LinesThatCannotBeReadAreListedAndTheOthersBilled) {
  const Outcome outcome = compute(
      "nonsense\n\n" + kSample + R"({"machine_id":"m","cpu_usage":250,"memory_usage":1})" + "\r\n" +
          R"({"machine_id":"m","cpu_usage":1,"memory_usage":1,"timestamp":1.5})" + "\n",
      {"--json"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_NE(outcome.out.find(R"("exact_total":"1.227")"), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.err.starts_with("line 1: not_json: ")) << outcome.err;
  EXPECT_NE(outcome.err.find("line 4: implausible: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("line 5: bad_number: timestamp"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("3 lines were not applied"), std::string::npos) << outcome.err;
}

TEST_F(BillComputeTest, WhatCannotBeTrueIsNotApplied) {
  const Outcome outcome =
      compute(kSample + reading("web-1", 'a', "boot-1", "2026-11-22T10:00:00Z", 0, 100, 5'000));
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_TRUE(outcome.err.starts_with("line 2: implausible: ")) << outcome.err;
}

TEST_F(BillComputeTest, TwoMachinesWithOneNameAreHeld) {
  const Outcome outcome =
      compute(reading("localhost", 'a', "boot-1", "2026-11-22T10:00:00Z", 0, 900, 600) +
              reading("localhost", 'b', "boot-2", "2026-11-22T10:00:00Z", 0, 900, 300));
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("Held       cpu 0.25 core_hour kept out of the total"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\ntotal"), std::string::npos);
}

TEST_F(BillComputeTest, OneMachineAndPeriodCanBeChosen) {
  const std::string lines =
      reading("web-1", 'a', "boot-1", "2026-10-31T23:45:00Z", 0, 900, 360) +
      reading("web-1", 'a', "boot-1", "2026-11-01T00:00:00Z", 900, 1'800, 720) +
      reading("web-2", 'b', "boot-2", "2026-11-01T00:00:00Z", 0, 900, 720);
  EXPECT_NE(compute(lines, {"--json"}).out.find(R"("text":"2026-10..2026-11")"), std::string::npos);
  EXPECT_NE(compute(lines, {"--json", "--period=last-month"}).out.find(R"("exact_total":"0.002")"),
            std::string::npos);
  const Outcome outcome = compute(lines, {"--json", "--machine", "web-1", "--period", "2026-11"});
  EXPECT_NE(outcome.out.find(R"("exact_total":"0.004")"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("web-2"), std::string::npos);
  const Outcome unknown = compute(lines, {"--machine=web-3"});
  EXPECT_EQ(unknown.exit, kExitData);
  EXPECT_NE(unknown.err.find("it has web-1, web-2"), std::string::npos) << unknown.err;
}

TEST_F(BillComputeTest, PricesComeFromTheFile) {
  files_["/etc/p.toml"] =
      "currency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n[[price]]\nmeter = \"cpu_usage\"\n"
      "unit = \"percent_sample\"\nprice = \"1\"\n";
  const Outcome outcome = compute(kSample, {"--prices", "/etc/p.toml"});
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("Prices     p.toml\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("Unpriced   memory_usage 61.2 percent_sample"), std::string::npos)
      << outcome.out;
  files_["p.toml"] = "currency = 1\n";
  const Outcome bad = compute(kSample, {"--prices", "p.toml"});
  EXPECT_EQ(bad.exit, kExitConfig);
  EXPECT_NE(bad.err.find("p.toml: line 1: "), std::string::npos) << bad.err;
}

TEST_F(BillComputeTest, ReadsStandardInput) {
  const Outcome outcome =
      run({"bill", "compute", "--readings=-", "--json"}, "\xEF\xBB\xBF" + kSample);
  EXPECT_EQ(outcome.exit, kExitOk) << outcome.err;
}

TEST_F(BillComputeTest, MistakesOnTheCommandLineAreNamed) {
  struct Case {
    std::vector<std::string> more;
    int exit;
    const char* said;
  };
  const Case cases[] = {{{"--mashine=x"}, kExitUsage, "did you mean --machine?"},
                        {{"--json", "--json"}, kExitUsage, "--json is given twice"},
                        {{"--json", "--csv"}, kExitUsage, "exclude each other"},
                        {{"--period=2026"}, kExitUsage, "--period: not a period"},
                        {{"--at=noon"}, kExitUsage, "--at: not an RFC 3339 time"},
                        {{"extra"}, kExitUsage, "unexpected argument 'extra'"},
                        {{"--prices=none.toml"}, kExitNoInput, "none.toml: no such file"}};
  for (const Case& row : cases) {
    const Outcome outcome = compute(kSample, row.more);
    EXPECT_EQ(outcome.exit, row.exit) << outcome.err;
    EXPECT_NE(outcome.err.find(row.said), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(run({"bill", "compute"}).exit, kExitUsage);
  EXPECT_EQ(compute("").exit, kExitData);
  EXPECT_EQ(run({"bill", "compute", "--readings=none"}).exit, kExitNoInput);
}

TEST_F(BillComputeTest, PricesCheckPrintsTheBookInForce) {
  const Outcome built_in = run({"prices", "check"});
  EXPECT_EQ(built_in.exit, kExitOk) << built_in.err;
  expect_golden("tests/golden/prices_check.txt", built_in.out);
  default_prices_ = "p.toml";
  files_["p.toml"] = "currency = \"JPY\"\ntime_zone = \"Asia/Tokyo\"\n";
  EXPECT_NE(run({"prices", "check"}).out.find("JPY"), std::string::npos);
  EXPECT_NE(run({"prices", "check", "--json"}).out.find(R"("problems":[])"), std::string::npos);
}

TEST_F(BillComputeTest, TheDigestOnTheStatementIsThatOfTheTextThatPricesCheckPrints) {
  namespace json = boost::json;
  const json::value checked = json::parse(run({"prices", "check", "--json"}).out);
  const std::string digest = sha256_hex(std::string(checked.at("text").as_string()));
  const json::value statement = json::parse(compute(kSample, {"--json"}).out);
  EXPECT_EQ(std::string(statement.at("prices").at("sha256").as_string()), digest);
  EXPECT_NE(compute(kSample).out.find("sha256 " + digest), std::string::npos);
}

TEST_F(BillComputeTest, PricesCheckSaysWhatIsWrongWithLineAndRemedy) {
  files_["p.toml"] =
      "currency = \"EUR\"\ntime_zone = \"UTC\"\n[[price]]\nmeter = \"cpu\"\nunit = \"core_hour\"\n"
      "price = 0.05\n";
  const Outcome outcome = run({"prices", "check", "--prices", "p.toml", "--json"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_NE(outcome.err.find("p.toml: line 6: price is a bare number, which computers round; write "
                             "price = \"0.05\""),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find(R"("line":6)"), std::string::npos) << outcome.out;
  EXPECT_EQ(run({"prices", "check", "--prices=none"}).exit, kExitNoInput);
}

TEST_F(BillComputeTest, PricesCheckNeedsAFileWhereTheConfigurationCannotBeRead) {
  default_failure_ = fail(Code::kConfig, "worker.conf:1: unknown key");
  Outcome outcome = run({"prices", "check"});
  EXPECT_EQ(outcome.exit, kExitConfig);
  EXPECT_EQ(outcome.out, "") << "the built-in prices may not be those in force";
  EXPECT_EQ(outcome.err, "meterbill: worker.conf:1: unknown key\n");
  files_["p.toml"] = std::string(built_in_prices());
  outcome = run({"prices", "check", "--prices", "p.toml"});
  EXPECT_NE(outcome.out.find("p.toml"), std::string::npos);
}

/// `prices check` against a worker whose ledger has used prices.
class UsedPricesTest : public BillComputeTest {
 protected:
  UsedPricesTest() { default_prices_ = "p.toml"; }

  void prices(const std::string& cpu_price, const std::string& since = "2026-11-01") {
    files_["p.toml"] =
        "currency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n"
        "[[price]]\nmeter = \"cpu\"\nunit = \"core_hour\"\nprice = \"0.02\"\n"
        "[[price]]\nmeter = \"cpu\"\nunit = \"core_hour\"\nprice = \"" +
        cpu_price + "\"\nfrom = \"" + since + "\"\n";
  }

  /// The worker's ledger has used all prices that now stand in the file.
  void use_prices() {
    std::string used;
    const auto book = parse_prices(files_["p.toml"], "p.toml", zones()).value();
    for (const PriceVersion& version : book.versions()) {
      const PriceVersionUse use = use_of(version, sha256_hex);
      used += std::string(used.empty() ? "" : ",") + R"({"meter":")" + use.meter + R"(","unit":")" +
              use.unit + R"(","scopes":")" + use.scopes + R"(","from":")" + use.from +
              R"(","sha256":")" + use.digest + R"("})";
    }
    std::string terms;
    for (const PriceVersionUse& term : terms_of(book, sha256_hex))
      terms += (terms.empty() ? "\"" : ",\"") + term.unit + R"(":")" + term.digest + "\"";
    used_prices_ = ServiceAnswer{
        200, R"({"used":[)" + used + R"(],"terms":{)" + terms + R"(},"warnings":[]})"};
  }
};

TEST_F(UsedPricesTest, PricesAsTheyWereUsedAreRight) {
  prices("0.03");
  use_prices();
  const Outcome outcome = run({"prices", "check"});
  EXPECT_EQ(outcome.exit, kExitOk);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("Used so far: 2 price versions, none of them changed since"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(asked_, std::vector<std::string>{"GET http://worker/api/v1/prices"});
}

TEST_F(UsedPricesTest, WithoutAFileThePricesMustBeThoseOfTheWorkerThatIsAsked) {
  prices("0.03");
  used_prices_ =
      ServiceAnswer{200, R"({"source":"/etc/p2.toml","sha256":"00","used":[],"warnings":[]})"};
  const Outcome outcome = run({"prices", "check", "--server", "http://lab"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_EQ(outcome.err,
            "meterbill: not compared with the prices that were used: http://lab: these are not the "
            "prices that it uses: name its file, /etc/p2.toml there, with --prices\n");
  EXPECT_EQ(run({"prices", "check", "--prices", "p.toml"}).exit, kExitOk) << "to be used next";
}

TEST_F(UsedPricesTest, APriceAddedLaterIsRight) {
  prices("0.03");
  use_prices();
  files_["p.toml"] +=
      "[[price]]\nmeter = \"cpu\"\nunit = \"core_hour\"\nprice = \"0.04\"\n"
      "from = \"2026-12-01\"\n";
  EXPECT_EQ(run({"prices", "check"}).exit, kExitOk);
}

TEST_F(UsedPricesTest, AnEditedOneIsNamedWithMeterUnitDateAndRemedy) {
  prices("0.03");
  use_prices();
  prices("0.035");
  const Outcome outcome = run({"prices", "check", "--server", "http://lab"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_EQ(outcome.err,
            "meterbill: the price of cpu per core_hour since 2026-11-01 was edited after it was "
            "used: put the old price back and add a new one with a later date\n");
  EXPECT_NE(outcome.out.find("2 price versions, 1 of them changed since   http://lab"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(asked_, std::vector<std::string>{"GET http://lab/api/v1/prices"});
}

TEST_F(UsedPricesTest, ADroppedOneIsNamed) {
  prices("0.03");
  use_prices();
  prices("0.03", "2026-11-02");
  const Outcome outcome = run({"prices", "check", "--ledger", "l.db", "--prices", "p.toml"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_EQ(outcome.err,
            "meterbill: the price of cpu per core_hour since 2026-11-01 was removed after it was "
            "used: put it back and add a new one with a later date\n");
  EXPECT_EQ(asked_, std::vector<std::string>{"ledger l.db p.toml/api/v1/prices"});
}

TEST_F(UsedPricesTest, AnotherCurrencyIsNamedThoughEveryPriceReadsAsBefore) {
  prices("0.03");
  use_prices();
  std::string& text = files_["p.toml"];
  text.replace(text.find("EUR"), 3, "USD");
  const Outcome outcome = run({"prices", "check"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_EQ(outcome.err,
            "meterbill: currency of the prices was changed from EUR with 2 decimals to USD with 2 "
            "decimals after they were used, so bills of the past read differently: put it back, or "
            "begin a new ledger\n");
  EXPECT_NE(outcome.out.find("Used so far: 2 price versions, none of them changed since; other "
                             "currency   http://worker"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(run({"prices", "check", "--json"})
                .out.find(R"("count":2,"changed":[],"changed_terms":[{"term":"currency","was":")"
                          R"(EUR with 2 decimals","is":"USD with 2 decimals","message":")"),
            std::string::npos);
}

TEST_F(UsedPricesTest, AWorkerThatTellsNoTermsIsAskedForThePricesAlone) {
  prices("0.03");
  use_prices();
  std::string& body = used_prices_.value().body;
  body = body.substr(0, body.find(",\"terms\"")) + "}";
  EXPECT_EQ(run({"prices", "check"}).exit, kExitOk);
  body.replace(body.size() - 1, 1, R"(,"terms":[]})");
  EXPECT_EQ(run({"prices", "check"}).exit, kExitData);
}

TEST_F(UsedPricesTest, JsonNamesWhatWasChanged) {
  prices("0.03");
  use_prices();
  prices("0.035");
  const Outcome outcome = run({"prices", "check", "--json"});
  EXPECT_EQ(outcome.exit, kExitData);
  EXPECT_NE(outcome.out.find(R"("used":{"ledger":"http://worker","count":2,"changed":[{"meter":)"
                             R"("cpu","unit":"core_hour","scopes":"machine",)"
                             R"("from":"2026-10-31T23:00:00Z","change":"edited",)"),
            std::string::npos)
      << outcome.out;
}

TEST_F(UsedPricesTest, WithoutAWorkerTheFileIsCheckedAllTheSame) {
  prices("0.03");
  const Outcome outcome = run({"prices", "check", "--json"});
  EXPECT_EQ(outcome.exit, kExitOk);
  EXPECT_EQ(outcome.err,
            "meterbill: not compared with the prices that were used: http://worker: nobody there "
            "(the address is that of http.listen in worker.conf: a changed one holds after a "
            "restart)\n");
  EXPECT_EQ(outcome.out.find(R"("used")"), std::string::npos) << outcome.out;
}

TEST_F(UsedPricesTest, AWorkerThatWasNamedMustAnswer) {
  prices("0.03");
  EXPECT_EQ(run({"prices", "check", "--server", "http://127.0.0.1:1"}).exit, kExitUnavailable);
}

TEST_F(UsedPricesTest, ALedgerThatCannotBeReadIsAFailure) {
  prices("0.03");
  used_prices_ = fail(Code::kConflict, "l.db is in use by process 7");
  EXPECT_EQ(run({"prices", "check", "--ledger", "l.db"}).exit, kExitTemporary);
}

TEST_F(UsedPricesTest, WhoeverAnswersOtherwiseIsNoWorker) {
  prices("0.03");
  for (const char* body :
       {"", "[]", "{}", R"({"used":{}})", R"({"used":[1]})", R"({"used":[{"meter":"cpu"}]})"}) {
    used_prices_ = ServiceAnswer{200, body};
    const Outcome outcome = run({"prices", "check"});
    EXPECT_EQ(outcome.exit, kExitData) << body;
    EXPECT_NE(outcome.err.find("http://worker: the answer lists no prices"), std::string::npos)
        << outcome.err;
  }
}

}  // namespace
}  // namespace meterbill
