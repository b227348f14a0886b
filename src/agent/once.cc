#include "agent/once.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/json_text.h"
#include "agent/metering.h"
#include "base/checked.h"

namespace meterbill {
namespace {

constexpr std::int64_t kKibOfGib = 1'048'576;

std::int64_t used(const Once& once, const char* meter) {
  const auto found = once.reading.used.find(MeterName{meter});
  return found == once.reading.used.end() ? 0 : found->second;
}

/// part / whole with so many decimals, halves to even: for display.
std::string ratio(std::int64_t part, std::int64_t whole, int decimals) {
  const auto scaled = scale_half_even(part, power_of_ten(decimals), whole);
  return scaled ? decimal_text(Int256(scaled.value()), decimals, false) : "?";
}

/// "2026-11-22 15:41:10 +01:00".
std::string local_time(UtcTime time, int offset_minutes) {
  const UtcTime local{(time.us / 1'000'000 + std::int64_t{60} * offset_minutes) * 1'000'000};
  std::string text = to_string(local);
  text[10] = ' ';
  text.pop_back();
  const int minutes = std::abs(offset_minutes);
  return fmt::format("{} {}{:02}:{:02}", text, offset_minutes < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

std::string local_clock(UtcTime time, int offset_minutes) {
  return local_time(time, offset_minutes).substr(11, 5);
}

}  // namespace

Result<Once> measure_once(Meters& meters, const Clock& clock, LoopWaiter& waiter,
                          const std::stop_token& stop, std::int64_t interval_us) {
  MB_TRY(const BootId boot, meters.boot());
  Metering metering({.interval_us = interval_us, .built = {0}, .labels = {}}, boot, {},
                    [] { return EpochId(std::string(32, '0')); });
  Once once;
  once.began = clock.now();
  metering.tick(once.began, meters.read());
  // Only a stop ends this early, so the interval is kept whatever wakes the waiter.
  const std::int64_t end = once.began.boot_us + interval_us;
  for (std::int64_t now = once.began.boot_us; now < end; now = clock.now().boot_us) {
    if (stop.stop_requested()) return fail(Code::kUnavailable, "stopped before the end");
    waiter.wait(stop, end - now);
  }
  once.ended = clock.now();
  const HostSample sample = meters.read();
  metering.tick(once.ended, sample);
  for (const Error& fault : sample.faults) once.faults.push_back(fault.message);
  const auto record = metering.record();
  if (!sample.cpu || !record || record->epochs.back().readings.empty())
    return fail(Code::kUnavailable,
                once.faults.empty() ? "the counters could not be read" : once.faults.front());
  once.cores = sample.cpu->cores;
  // Across a boundary there are two slots: what is shown is the whole interval.
  once.reading = record->epochs.back().readings.back();
  const std::vector<Reading>& readings = record->epochs.back().readings;
  for (std::size_t i = 0; i + 1 < readings.size(); ++i) {
    for (const auto& [meter, value] : readings[i].used) once.reading.used[meter] += value;
    once.reading.cover->from_us = std::min(once.reading.cover->from_us, readings[i].cover->from_us);
    once.reading.cover->metered_us += readings[i].cover->metered_us;
    once.reading.cover->estimated_us += readings[i].cover->estimated_us;
    once.reading.cover->off_us += readings[i].cover->off_us;
  }
  if (sample.memory) {
    once.memory_used_kib = sample.memory->used_kib;
    once.memory_total_kib = sample.memory->total_kib;
  }
  return once;
}

std::string to_text(const Once& once, const MachineId& machine, int offset_minutes) {
  const Slot slot = once.reading.slot;
  std::string text = fmt::format(
      "{}   {}   slot {}–{}\n", machine.str(), local_time(once.ended.utc, offset_minutes),
      local_clock(slot.start(), offset_minutes), local_clock(slot.end(), offset_minutes));
  const std::string memory =
      once.memory_total_kib ? ratio(once.memory_used_kib, kKibOfGib, 2) + " GiB" : "missing";
  const std::int64_t capacity = used(once, "cpu_capacity");
  text += fmt::format("{:<26} {:<14} {:<13} {}\n", "scope", "cpu", "memory", "share of machine");
  text += fmt::format("{:<26} {:<14} {:<13} {} % of {} core{}\n", once.reading.scope.str(),
                      ratio(used(once, "cpu"), 1'000'000, 2) + " core·s", memory,
                      percent_text(used(once, "cpu"), capacity), once.cores,
                      once.cores == 1 ? "" : "s");
  for (const std::string& fault : once.faults) text += fault + "\n";
  return text;
}

std::string to_json(const Once& once, const MachineId& machine) {
  JsonText meters = JsonText::object();
  for (const auto& [meter, value] : once.reading.used)
    meters.member(meter.str(), fmt::format("{}", value));
  const Cover cover = once.reading.cover.value_or(Cover{});
  const std::string reading = JsonText::object()
                                  .member("slot", to_string(once.reading.slot))
                                  .member("scope", once.reading.scope.str())
                                  .member("from_us", fmt::format("{}", cover.from_us))
                                  .member("to_us", fmt::format("{}", cover.to_us))
                                  .member("metered_us", fmt::format("{}", cover.metered_us))
                                  .member("estimated_us", fmt::format("{}", cover.estimated_us))
                                  .member("off_us", fmt::format("{}", cover.off_us))
                                  .raw("used", meters.text())
                                  .text();
  JsonText faults = JsonText::array();
  for (const std::string& fault : once.faults) faults.element(json_quoted(fault));
  JsonText json = JsonText::object();
  json.member("machine_id", machine.str())
      .member("time", to_string(once.ended.utc))
      .raw("cpu_usage", percent_text(used(once, "cpu"), used(once, "cpu_capacity")));
  if (once.memory_total_kib)
    json.raw("memory_usage", percent_text(once.memory_used_kib, *once.memory_total_kib));
  return json.member("cores", once.cores)
      .raw("readings", JsonText::array().element(reading).text())
      .raw("faults", faults.text())
      .text();
}

}  // namespace meterbill
