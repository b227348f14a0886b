#include "merge_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "wire/encode.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kSlotSeconds = 900;
/// From this one on a slot is `future` at the bench's time.
constexpr std::int64_t kFutureSlots = 10;
const Slot kFirst = Slot::parse("2026-11-22T08:00:00Z").value();

/// What one run books in one slot, in seconds.
struct Booked {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t metered = 0;
  std::int64_t estimated = 0;
  std::int64_t off = 0;
};

enum class Time { kMetered, kEstimated, kOff };

/// A stretch of one machine's two clocks; `wall` counts from kFirst.
struct Clocks {
  std::int64_t wall = 0;
  std::int64_t boot = 0;
  void pass(std::int64_t seconds) {
    wall += seconds;
    boot += seconds;
  }
};

/// Books a stretch, split where slots end.
void book(std::map<std::int64_t, Booked>& slots, Clocks at, std::int64_t seconds, Time time) {
  while (seconds > 0) {
    const std::int64_t piece = std::min(seconds, kSlotSeconds - at.wall % kSlotSeconds);
    const auto [entry, is_new] =
        slots.try_emplace(at.wall / kSlotSeconds, Booked{at.boot, at.boot});
    Booked& booked = entry->second;
    if (time == Time::kOff) {  // before the boot: no time of its clock
      booked.off += piece;
      at.wall += piece;
    } else {
      (time == Time::kMetered ? booked.metered : booked.estimated) += piece;
      at.pass(piece);
      booked.to = at.boot;
    }
    seconds -= piece;
  }
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {
    for (int machine = 0; machine < 3; ++machine) add_machine("machine-" + std::to_string(machine));
    add_samples("Machine_B");
  }

  History take() { return std::move(history_); }

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  bool one_in(std::int64_t chances) { return below(chances) == 0; }

  void add_machine(const std::string& name) {
    machine_ = name;
    labels_ = {{"site", "lab-0"}};
    first_run_ = history_.runs.size();
    live();
    const auto runs = static_cast<std::int64_t>(history_.runs.size() - first_run_);
    const std::size_t twin = first_run_ + static_cast<std::size_t>(below(runs));
    const std::string boot = history_.runs[twin].boot;
    if (one_in(3)) clone(twin, boot);              // an agent started twice
    if (one_in(3)) clone(twin, name + "-cloned");  // two machines with one name
    add_samples(name);
    add_events();
    add_decisions();
  }

  /// The runs of an honest agent, and what lies between them.
  void live() {
    int boots = 1;
    Clocks now{2 * kSlotSeconds + below(4 * kSlotSeconds), 1'000 + below(5'000)};
    std::int64_t down = 0;
    std::int64_t off = 0;
    for (std::int64_t left = 2 + below(4); left > 0; --left) {
      run(fmt::format("{}-{}", machine_, boots), now, down, off, 100 + below(1'400));
      down = off = 0;
      switch (below(4)) {
        case 0:  // restarted
          down = below(300);
          now.pass(down);
          break;
        case 1:  // rebooted
          off = below(600);
          down = 30;
          ++boots;
          now = {now.wall + off + down, down};
          break;
        case 2:  // the wall clock is set back
          now.wall = std::max<std::int64_t>(0, now.wall - 50 - below(900));
          break;
        default:  // or forward
          now.wall += 50 + below(3'000);
      }
      if (one_in(2)) labels_ = {{"site", fmt::format("lab-{}", below(3))}};
      if (one_in(4)) labels_["run"] = std::to_string(left);
    }
  }

  /// Another agent with the name, at the time of one run.
  void clone(std::size_t twin, const std::string& boot) {
    const Clocks when = starts_.at(twin);
    run(boot, {when.wall, when.boot + below(400)}, 0, 0, 500 + below(1'300));
  }

  /// A run of so many seconds from `start` on, with what it books of the time before.
  void run(const std::string& boot, Clocks& start, std::int64_t down, std::int64_t off,
           std::int64_t seconds) {
    const std::size_t number = history_.runs.size();
    history_.runs.push_back({machine_, fmt::format("{:032x}", number + 1), boot, labels_});
    starts_.push_back(start);
    std::map<std::int64_t, Booked> slots;
    Clocks before{start.wall - down, start.boot - down};
    book(slots, {before.wall - off, before.boot}, off, Time::kOff);
    book(slots, before, down, Time::kEstimated);
    book(slots, start, seconds, Time::kMetered);
    start.pass(seconds);
    for (const auto& [slot, booked] : slots) add_slot(number, kFirst.plus(slot), booked);
    if (one_in(6) && slots.begin()->first < kFutureSlots)
      add_discarded(number, kFirst.plus(slots.begin()->first));
  }
  void run(const std::string& boot, Clocks&& start, std::int64_t down, std::int64_t off,
           std::int64_t seconds) {
    run(boot, start, down, off, seconds);
  }

  /// The readings of one slot: they grow, and most are final in the end.
  void add_slot(std::size_t run, Slot slot, const Booked& booked) {
    const std::vector<Reading> whole = readings_of(slot, booked);
    const std::int64_t steps = 1 + below(3);
    for (std::int64_t step = 1; step <= steps; ++step) send(run, grown(whole, step, steps), false);
    const bool is_final = !one_in(5);
    std::vector<Reading> last = whole;
    for (Reading& reading : last) reading.final = is_final;
    if (is_final) last.front().scopes = static_cast<std::int64_t>(last.size());
    if (one_in(8)) last.back().final = false;  // the slot is never complete
    if (!last.front().final) last.front().scopes = 0;
    send(run, std::move(last), true);
  }

  std::vector<Reading> readings_of(Slot slot, const Booked& booked) {
    const std::int64_t up = (booked.metered + booked.estimated) * kSecond;
    const std::int64_t capacity = up << below(3);
    const bool is_believed = !one_in(12);
    const std::int64_t cpu = is_believed ? below(capacity + 1) : capacity * 2;
    std::vector<Reading> readings(1);
    readings[0] = {
        .slot = slot,
        .scope = ScopeName{"machine"},
        .cover = Cover{booked.from * kSecond, booked.to * kSecond, booked.metered * kSecond,
                       booked.estimated * kSecond, booked.off * kSecond},
        .used = {{MeterName{"cpu"}, cpu},
                 {MeterName{"cpu_capacity"}, capacity},
                 {MeterName{"uptime"}, up}}};
    if (one_in(2)) return readings;
    const bool is_too_much = one_in(4);
    const std::int64_t nginx = is_too_much ? capacity : below(cpu / 2 + 1);
    add_part(readings, "service:nginx.service", nginx);
    add_part(readings, "user:anna", is_too_much ? capacity / 4 : below(cpu / 2 + 1));
    if (one_in(2)) add_part(readings, "view:lab", capacity);
    return readings;
  }

  void add_part(std::vector<Reading>& readings, const char* scope, std::int64_t cpu) {
    readings.push_back({.slot = readings.front().slot,
                        .scope = ScopeName{scope},
                        .cover = std::nullopt,
                        .used = {{MeterName{"cpu"}, cpu}, {MeterName{"disk_read"}, below(1'000)}}});
  }

  static std::vector<Reading> grown(std::vector<Reading> readings, std::int64_t step,
                                    std::int64_t steps) {
    const auto part = [&](std::int64_t& value) { value = value * step / steps; };
    for (Reading& reading : readings) {
      for (auto& [meter, value] : reading.used) part(value);
      if (!reading.cover) continue;
      Cover& cover = *reading.cover;
      cover.to_us = cover.from_us + (cover.to_us - cover.from_us) * step / steps;
      part(cover.metered_us);
      part(cover.estimated_us);
      part(cover.off_us);
    }
    return readings;
  }

  /// All scopes in one message, or each in its own.
  void send(std::size_t run, std::vector<Reading> readings, bool is_last) {
    if (one_in(2)) {
      history_.messages.push_back({run, std::move(readings), is_last});
      return;
    }
    for (Reading& reading : readings)
      history_.messages.push_back({run, {std::move(reading)}, is_last});
  }

  /// A reading without its capacity: it stays in quarantine until it is discarded.
  void add_discarded(std::size_t run, Slot slot) {
    const Reading reading{.slot = slot,
                          .scope = ScopeName{"machine"},
                          .cover = Cover{0, 50 * kSlotSeconds * kSecond, 0, 0, 0},
                          .used = {{MeterName{"cpu"}, kSlotSeconds * kSecond}}};
    history_.messages.push_back({run, {reading}, true, Verdict::kDiscarded});
  }

  UtcTime moment() { return {kFirst.start().us + below(8'000) * kSecond}; }

  void add_samples(const std::string& machine) {
    for (std::int64_t left = below(4); left > 0; --left)
      history_.samples.push_back({machine, below(1'001), below(1'001), moment()});
  }

  void add_events() {
    for (std::int64_t left = below(4); left > 0; --left)
      history_.events.push_back({machine_, fmt::format("job-{}", history_.events.size()),
                                 one_in(2) ? "user:anna" : "machine", below(100), moment()});
  }

  void add_decisions() {
    if (one_in(3)) return;
    if (one_in(4)) history_.decisions.push_back({{machine_, "", Decision::kSum, ""}});
    std::set<std::string> boots;
    for (std::size_t run = first_run_; run < history_.runs.size(); ++run)
      boots.insert(history_.runs[run].boot);
    for (const std::string& boot : boots) {
      if (one_in(2)) continue;
      std::vector<HistoryDecision> decided;
      if (one_in(3))  // and thinks better of it
        decided.push_back({machine_, boot, one_in(2) ? Decision::kKeep : Decision::kDiscard, ""});
      const std::int64_t kind = below(4);
      if (kind == 0 || kind == 3) decided.push_back({machine_, boot, Decision::kKeep, ""});
      if (kind == 1) decided.push_back({machine_, boot, Decision::kDiscard, ""});
      if (kind == 2) decided.push_back({machine_, boot, Decision::kRename, "renamed-" + boot});
      history_.decisions.push_back(std::move(decided));
    }
  }

  std::mt19937_64 random_;
  History history_;
  std::vector<Clocks> starts_;  ///< of each run
  std::size_t first_run_ = 0;   ///< of the machine that is being made up
  std::string machine_;
  Labels labels_;
};

std::string tenths(std::int64_t value) { return fmt::format("{}.{}", value / 10, value % 10); }

}  // namespace

History random_history(std::uint64_t seed) { return Generator(seed).take(); }

OutgoingMessage message_of(const History& history, const HistoryMessage& message) {
  const HistoryRun& run = history.runs.at(message.run);
  const MessageFrame frame{.machine = MachineId{run.machine},
                           .epoch = EpochId{run.epoch},
                           .boot = BootId{run.boot},
                           .labels = run.labels,
                           .sender = EpochId{run.epoch},
                           .sent = message.readings.front().slot.start(),
                           .cpu_usage_percent = "12.3",
                           .memory_usage_percent = "61.2"};
  return encode(frame, message.readings, 1).front().message;
}

std::string value_of(const HistorySample& sample) {
  return fmt::format(R"({{"machine_id":"{}","cpu_usage":{},"memory_usage":{}}})", sample.machine,
                     tenths(sample.cpu_tenths), tenths(sample.memory_tenths));
}

std::string value_of(const HistoryEvent& event) {
  return fmt::format(
      R"({{"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:example:renderer",)"
      R"("id":"{}","subject":"{}","data":{{"scope":"{}","meter":"frames","quantity":"{}",)"
      R"("unit":"unit","time":"{}"}}}})",
      event.id, event.machine, event.scope, tenths(event.frames_tenths), to_string(event.at));
}

}  // namespace meterbill
