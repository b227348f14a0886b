#include "sim/sim_singles.h"

#include <fmt/format.h>

#include <set>

namespace meterbill::sim {
namespace {

constexpr std::int64_t kNano = 1'000'000'000;

/// The machine a delivery of ours is about.
std::string machine_in(const Delivery& delivery) { return delivery.key; }

}  // namespace

void Singles::produce_sample(UtcTime now) {
  if (!broker_.is_up) return;
  const std::string machine = fmt::format("sample-{}", ++number_);
  const std::int64_t percent = random_.below(101);
  Delivery delivery;
  delivery.key = machine;
  delivery.value =
      fmt::format(R"({{"machine_id":"{}","cpu_usage":{},"memory_usage":1.5}})", machine, percent);
  delivery.recorded = now;
  broker_.append(std::move(delivery));
  all_[machine] = {.quantity = percent * kNano, .is_sample = true, .is_certain = false};
}

void Singles::send_event(UtcTime now) {
  const std::string machine = fmt::format("event-{}", ++number_);
  const std::int64_t seconds = random_.between(1, 100);
  const std::string body = fmt::format(
      R"({{"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:sim","id":"{}",)"
      R"("subject":"{}","data":{{"scope":"machine","meter":"cpu","quantity":"{}",)"
      R"("unit":"core_second","time":"{}"}}}})",
      number_, machine, seconds, to_string(now));
  Single& single = all_[machine];
  single.quantity = seconds * kSecond;
  for (std::int64_t times = random_.between(1, 3); times > 0; --times) {
    if (random_.chance(50)) {
      const auto answer = worker_.post(body);
      if (answer && answer->status == 204) single.is_certain = true;
    } else if (broker_.is_up) {
      Delivery delivery;
      delivery.key = machine;
      delivery.value = body;
      delivery.headers = {{"content-type", "application/cloudevents+json"}};
      delivery.recorded = now;
      broker_.append(std::move(delivery));
    }
  }
}

void Singles::forget_certainty() {
  for (auto& [machine, single] : all_) single.is_certain = false;
}

void Singles::judge(const LedgerContent& content, LedgerReader& ledger, Findings& findings) const {
  std::set<std::string> in_topic;
  for (const Log& log : broker_.logs())
    for (const Delivery& delivery : log.records) in_topic.insert(machine_in(delivery));
  std::set<std::string> replayed;
  const auto quarantine = ledger.quarantine(0, 1'000'000).value();
  for (const QuarantineItem& item : quarantine)
    if (item.rejection.reason == Reason::kReplayed) replayed.insert(item.machine);
  std::map<std::string, std::int64_t> added;
  for (const auto& [key, value] : content.added) {
    const std::string& meter = std::get<1>(key);
    if (meter == "cpu" || meter == "cpu_usage") added[std::get<0>(key)] += value;
  }
  for (const auto& [machine, single] : all_) {
    const auto found = added.find(machine);
    const std::int64_t is = found == added.end() ? 0 : found->second;
    const bool is_there = found != added.end();
    if (is_there && is != single.quantity)
      findings.push_back(fmt::format("{}: {} instead of {}", machine, is, single.quantity));
    const bool must = single.is_certain || in_topic.contains(machine);
    const bool may_be_missing = single.is_sample && replayed.contains(machine);
    if (!is_there && must && !may_be_missing)
      findings.push_back(fmt::format("{} was delivered and is lost", machine));
  }
}

void Singles::judge_reads(const LedgerContent& content, LedgerReader& ledger, const Reads& reads,
                          Findings& findings) const {
  std::set<std::string> is_there;
  for (const auto& entry : content.added) is_there.insert(std::get<0>(entry.first));
  const auto quarantine = ledger.quarantine(0, 1'000'000).value();
  for (const QuarantineItem& item : quarantine) is_there.insert(item.machine);
  for (const Expired& record : broker_.expired()) {
    const auto single = all_.find(record.key);
    if (single == all_.end() || !single->second.is_sample) continue;
    const bool is_read = reads.is_kept(record.partition, record.offset);
    if (is_read != is_there.contains(record.key))
      findings.push_back(fmt::format("{} at {} of partition {} was {} and is {}", record.key,
                                     record.offset, record.partition, is_read ? "read" : "not read",
                                     is_read ? "in no row" : "in the ledger"));
  }
}

}  // namespace meterbill::sim
