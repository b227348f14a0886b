#include "bench_messages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace meterbill::bench {

namespace {

constexpr std::array kShapes{
    Shape{.name = "samples-1000", .is_sample = true, .machines = 1'000},
    Shape{.name = "readings-1000", .machines = 1'000},
    Shape{.name = "readings-100000", .machines = 100'000},
    Shape{.name = "readings-20-scopes", .machines = 1'000, .scopes = 20},
};
constexpr std::int64_t kSlotS = 900;
constexpr std::int64_t kTickUs = 1'000'000;
constexpr int kCores = 4;
constexpr std::int64_t kMemoryKib = 16 << 20;
constexpr std::int64_t kUpUs = 86'400'000'000;  // each machine was up for a day before

/// Totals of one scope that has metered `us` of the slot: a machine's busy share is steady, so
/// that a message needs no memory of the one before.
void write_used(std::string& out, std::int64_t share_percent, std::int64_t us) {
  fmt::format_to(std::back_inserter(out), R"("used":{{"cpu":"{}")", us * share_percent / 100);
}

void write_readings(std::string& out, const Shape& shape, int machine, std::int64_t first_s,
                    std::int64_t at_s) {
  const std::int64_t slot_s = at_s / kSlotS * kSlotS;
  const std::int64_t from_s = std::max(slot_s, first_s);
  const std::int64_t us = (at_s - from_s + 1) * kTickUs;
  const std::string slot = fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(slot_s)));
  const std::int64_t from_us = kUpUs + (from_s - first_s) * kTickUs;
  fmt::format_to(std::back_inserter(out),
                 R"({{"slot":"{}","scope":"machine","from_us":"{}","to_us":"{}","metered_us":"{}",)"
                 R"("estimated_us":"0","off_us":"0","final":false,"scopes":{},)",
                 slot, from_us, from_us + us, us, shape.scopes + 1);
  write_used(out, 20 + machine % 60, us);
  fmt::format_to(std::back_inserter(out),
                 R"(,"cpu_capacity":"{}","memory":"{}","memory_capacity":"{}","uptime":"{}"}}}})",
                 us * kCores, us / 1'000 * kMemoryKib / 1'000 * (30 + machine % 50) / 100,
                 us / 1'000 * kMemoryKib / 1'000, us);
  for (int scope = 0; scope < shape.scopes; ++scope) {
    fmt::format_to(std::back_inserter(out), R"(,{{"slot":"{}","scope":"service:app-{}.service",)",
                   slot, scope);
    write_used(out, 1, us);
    out += "}}";
  }
}

}  // namespace

std::optional<Shape> find_shape(std::string_view name) {
  const auto* shape = std::ranges::find(kShapes, name, &Shape::name);
  return shape == kShapes.end() ? std::nullopt : std::optional(*shape);
}

Message message(const Shape& shape, std::int64_t number, std::int64_t start_s) {
  const int machine = static_cast<int>(number % shape.machines);
  const std::int64_t tick = number / shape.machines;
  Message made{.machine = fmt::format("bench-{:06}", machine), .value = {}};
  if (shape.is_sample) {
    made.value = fmt::format(R"({{"machine_id": "{}", "cpu_usage": {}.{}, "memory_usage": {}.{}}})",
                             made.machine, (number * 7) % 100, number % 10, (number * 3) % 100,
                             (number / 10) % 10);
    return made;
  }
  made.value =
      fmt::format(R"({{"machine_id":"{}","cpu_usage":{}.0,"memory_usage":{}.0,"epoch":"{:032x}",)"
                  R"("boot_id":"{:08x}-0000-4000-8000-000000000000","labels":{{"site":"lab-{}"}},)"
                  R"("seq":{},"readings":[)",
                  made.machine, (20 + machine % 60) / kCores, 30 + machine % 50, machine + 1,
                  machine + 1, machine % 3, tick + 1);
  write_readings(made.value, shape, machine, start_s, start_s + tick);
  made.value += "]}";
  return made;
}

}  // namespace meterbill::bench
