// What the commands that ask a service print for people, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/cli.h"
#include "cli/list_commands.h"
#include "cli/status_text.h"
#include "report/text_table.h"
#include "support/golden.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

std::string printed(const std::vector<std::string>& arguments, const std::string& body,
                    bool has_edge = true) {
  const AskService ask = [&body](const std::string&, const std::string&, const std::string&) {
    return Result<ServiceAnswer>(ServiceAnswer{200, body});
  };
  const ServiceAccess access{ask, {"http://127.0.0.1:5001", "", "http://127.0.0.1:5002", ""}, {}};
  TestTerminal test;
  test.terminal.has_edge = has_edge;
  EXPECT_EQ(Cli{list_commands(access)}.run(arguments, test.terminal), kExitOk) << test.err.str();
  return test.out.str();
}

/// Every line fits a terminal.
void expect_fits(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    EXPECT_LE(std::ranges::count_if(line, [](char c) { return (c & '\xC0') != '\x80'; }), 80)
        << line;
    at = end + 1;
  }
}

std::string worker(const std::string& json) {
  return worker_status_text(boost::json::parse(json), "http://127.0.0.1:5001").value();
}
std::string agent(const std::string& json) {
  return agent_status_text(boost::json::parse(json), "http://127.0.0.1:5002").value();
}

TEST(ServiceTextTest, Status) {
  std::string text = worker(R"({"ready":true,"reason":"","version":"0.4.1",
    "now":"2026-11-22T10:15:00.5Z","started":"2026-11-19T06:00:00Z",
    "counts":{"applied":18204511,"repeated":1204,"quarantined":3},
    "quarantine":{"held":2,"released":0,"discarded":1,"not_kept":7},
    "sources":[{"name":"http","ready":true,"reason":"","partitions":[]},
      {"name":"kafka","ready":true,"reason":"","partitions":[
        {"partition":0,"state":"running","reason":"","lag":4},
        {"partition":1,"state":"running","reason":"","lag":8}]}],
    "machines":214,"conflict":["web-1"],"silent":["lab-07","render-12"],
    "coverage":{"machines":214,"with_missing":5,"metered_percent":"97.15",
      "estimated_percent":"0.20","off_percent":"1.05","missing_percent":"1.60","worst":[
      {"machine":"lab-07","missing_us":"85500000000","estimated_us":"0"},
      {"machine":"render-12","missing_us":"8100000000","estimated_us":"61000000"},
      {"machine":"web-3","missing_us":"1","estimated_us":"0"},
      {"machine":"web-4","missing_us":"1","estimated_us":"0"}]},
    "ledger":{"bytes":1234567890,"commits":9,"last_commit":"2026-11-22T10:14:59Z",
      "last_backup":"2026-11-21T20:15:00Z"},
    "warnings":["the price of cpu since 2026-01-01 changed after it was used"]})");
  text += agent(R"({"ready":true,"reason":"","version":"0.4.1","machine_id":"web-1",
    "time":"2026-11-22T10:15:00Z",
    "metering":{"state":"metered","interval_ms":10000,"faults":[]},
    "spool":{"waiting":2,"oldest_age_s":4,"set_aside":0,"set_aside_rows":[],"nearly_full":false},
    "sending":{"sink":"kafka://kafka-1:9092/resource_usage","paused":false,
      "last_acknowledged":"2026-11-22T10:14:58Z","outage":null,"quarantined":0,
      "clock_ahead_ms":null}})");
  expect_fits(text);
  expect_golden("tests/golden/status.txt", text);
}

TEST(ServiceTextTest, StatusOfServicesInTrouble) {
  std::string text = worker(R"({"ready":false,"version":"0.4.1","now":"2026-11-22T10:15:00Z",
    "reason":"kafka: broker kafka-1:9092 does not answer; is it running?",
    "counts":{"applied":0,"repeated":0,"quarantined":0},"quarantine":{"not_kept":0},
    "gaps":{"count":4,"records":14,"newest":[
      {"partition":1,"from":1204,"to":1212,"detected":"2026-11-22T10:14:00Z"},
      {"partition":1,"from":900,"to":901,"detected":"2026-11-22T10:12:00Z"},
      {"partition":0,"from":7,"to":7,"detected":"2026-11-22T10:11:00Z"},
      {"partition":0,"from":1,"to":2,"detected":"2026-11-22T10:10:00Z"}]},
    "sources":[{"name":"kafka","ready":false,"reason":"a partition is halted","partitions":[
        {"partition":0,"state":"running","reason":"","lag":4},
        {"partition":1,"state":"halted","reason":"the topic was made anew; \u009b2J look at )"
                            R"(it and then meterbill kafka accept --partition 1"}]}],
    "machines":1,"conflict":[],"silent":["a","b","c","d","e","f","g"],
    "coverage":{"machines":1,"with_missing":0,"metered_percent":"100.00",
      "estimated_percent":"0.00","off_percent":"0.00","missing_percent":"0.00","worst":[
      {"machine":"a","missing_us":"0","estimated_us":"0"}]},
    "ledger":{"bytes":4096,"commits":0,"disk_full_since":"2026-11-22T09:00:00Z"},"warnings":[]})");
  text += agent(R"({"ready":true,"reason":"","version":"0.4.1","machine_id":"web-1",
    "time":"2026-11-22T10:15:00Z",
    "metering":{"state":"clock_unset","interval_ms":1000,
      "faults":["memory: /proc/meminfo: no MemTotal"]},
    "spool":{"waiting":1204,"oldest_age_s":7500,"set_aside":1,
      "set_aside_rows":[{"reason":"the worker answers 400: \u202Eno"}],"nearly_full":true,
      "folded":{"rows":5310,"first_slot":"2026-11-01T00:00:00Z",
        "last_slot":"2026-11-20T23:45:00Z","last_at":"2026-11-21T00:00:10Z",
        "going_on_since":"2026-11-14T08:00:10Z"},"save_error":"disk full"},
    "sending":{"sink":"http://worker.example:5001","paused":true,"last_acknowledged":null,
      "outage":{"since":"2026-11-22T08:10:00Z","lasted_s":7500,"detail":"connection refused"},
      "next_try":"2026-11-22T10:15:34.5Z","quarantined":3,"clock_ahead_ms":-45000}})");
  expect_fits(text);
  expect_golden("tests/golden/status_trouble.txt", text);
}

TEST(ServiceTextTest, MachineList) {
  const std::string text = printed({"machine", "list"}, R"({"machines":[
    {"machine":"web-1","last_seen":"2026-11-22T10:15:00.250000Z","conflict":true,
     "cpu_usage_percent":"37.5","memory_usage_percent":"61.2","labels":{"site":"lab-3"},
     "discarded":[{"meter":"cpu","base_quantity":"5400000000","base_unit":"core_us"},
                  {"meter":"cpu_capacity","base_quantity":"9000000000","base_unit":"core_us"},
                  {"meter":"memory","base_quantity":"7864320000","base_unit":"kib_s"}]},
    {"machine":"render-12","last_seen":"2026-11-22T10:15:00Z","conflict":false,
     "cpu_usage_percent":"100","memory_usage_percent":"4.25",
     "labels":{"rack":"2","site":"\u009b2J"}}]})");
  expect_fits(text);
  expect_golden("tests/golden/machine_list.txt", text);
}

TEST(ServiceTextTest, APipeGetsEveryColumn) {
  const std::string body = R"({"machines":[{"machine":"web-1.rack-2.berlin.example",
     "last_seen":"2026-11-22T10:15:00Z","conflict":false,"cpu_usage_percent":"37.5",
     "memory_usage_percent":"61.2","labels":{"site":"a-site-with-a-long-name-of-its-own"}}]})";
  const std::string fitted = printed({"machine", "list"}, body);
  EXPECT_EQ(fitted.find("site="), std::string::npos);
  const std::string piped = printed({"machine", "list"}, body, false);
  EXPECT_NE(piped.find("  37.5      61.2  2026-11-22T10:15:00Z  site=a-site"), std::string::npos)
      << piped;
  EXPECT_EQ(piped.find("left out"), std::string::npos);
}

TEST(ServiceTextTest, MachineListWithoutWhatDoesNotFit) {
  const std::string text = printed({"machine", "list"}, R"({"machines":[
    {"machine":"web-1.rack-2.berlin.example","last_seen":"2026-11-22T10:15:00Z","conflict":true,
     "cpu_usage_percent":"37.5","memory_usage_percent":"61.2",
     "labels":{"site":"a-site-with-a-long-name-of-its-own"}},
    {"machine":"render-12","last_seen":"2026-11-22T10:15:00Z","conflict":false,
     "cpu_usage_percent":"100","memory_usage_percent":"4.25","labels":{},
     "retired":"2026-11-22T10:00:00.250000Z"}]})");
  expect_fits(text);
  expect_golden("tests/golden/machine_list_wide.txt", text);
}

TEST(ServiceTextTest, QuarantineList) {
  const std::string text = printed({"quarantine", "list"}, R"({"items":[
    {"id":12,"state":"held","reason":"labels_changed","count":40000,"machine":"web-1",
     "last_at":"2026-11-22T10:15:00.000001Z","detail":"labels of a known epoch are other ones"},
    {"id":3,"state":"released","reason":"future","count":1,"machine":"",
     "last_at":"2026-11-22T10:15:00Z","detail":""}],"not_kept":7})");
  expect_fits(text);
  expect_golden("tests/golden/quarantine_list.txt", text);
}

}  // namespace
}  // namespace meterbill
