#include "merge_recount.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

namespace meterbill {
namespace {

constexpr std::int64_t kWholeSlotUs = 900'000'000;

/// One run in one slot.
struct Share {
  std::optional<Cover> cover;
  std::int64_t scopes = 0;
  std::set<std::string> final;
  std::map<std::string, std::map<std::string, std::int64_t>> used;  ///< by scope and meter

  std::int64_t time_us() const { return cover ? cover->metered_us + cover->estimated_us : 0; }
  std::int64_t of(const char* scope, const char* meter) const {
    const auto at = used.find(scope);
    if (at == used.end()) return 0;
    const auto value = at->second.find(meter);
    return value == at->second.end() ? 0 : value->second;
  }
};

void raise(std::int64_t& to, std::int64_t value) { to = std::max(to, value); }

bool overlapping(const Share& a, const Share& b) {
  return a.cover->from_us < b.cover->to_us && b.cover->from_us < a.cover->to_us &&
         a.cover->from_us < a.cover->to_us && b.cover->from_us < b.cover->to_us;
}

class Counter {
 public:
  explicit Counter(const History& history) : history_(history), shares_(history.runs.size()) {
    for (const HistoryMessage& message : history.messages)
      if (message.verdict == Verdict::kReleased)
        for (const Reading& reading : message.readings) merge(message.run, reading);
    for (const auto& decided : history.decisions)
      decisions_[{decided.back().machine, decided.back().boot}] = decided.back();
    find_holds();
  }

  Recount take() {
    for (std::size_t run = 0; run < shares_.size(); ++run)
      for (const auto& [slot, share] : shares_[run]) bill(run, slot, share);
    add_samples_and_events();
    find_clock_steps();
    find_times();
    count_kinds();
    std::set<std::string> lines;
    for (const auto& [key, quantity] : usage_)
      lines.insert(fmt::format("{},{},{},{},{},{}\n", std::get<0>(key), std::get<1>(key),
                               std::get<2>(key), to_string(std::get<3>(key)), std::get<4>(key),
                               quantity));
    for (const std::string& line : lines) result_.usage += line;
    return std::move(result_);
  }

 private:
  const HistoryRun& run(std::size_t number) const { return history_.runs[number]; }

  void merge(std::size_t run, const Reading& reading) {
    Share& share = shares_[run][reading.slot];
    if (reading.cover) {
      if (!share.cover) share.cover = reading.cover;
      Cover& cover = *share.cover;
      cover.from_us = std::min(cover.from_us, reading.cover->from_us);
      raise(cover.to_us, reading.cover->to_us);
      raise(cover.metered_us, reading.cover->metered_us);
      raise(cover.estimated_us, reading.cover->estimated_us);
      raise(cover.off_us, reading.cover->off_us);
    }
    raise(share.scopes, reading.scopes);
    if (reading.final) share.final.insert(reading.scope.str());
    for (const auto& [meter, value] : reading.used)
      raise(share.used[reading.scope.str()][meter.str()], value);
  }

  std::optional<HistoryDecision> decided(std::size_t number, Decision decision) const {
    const auto found = decisions_.find({run(number).machine, run(number).boot});
    if (found == decisions_.end() || found->second.decision != decision) return std::nullopt;
    return found->second;
  }
  bool is_summed(std::size_t number) const {
    return decisions_.contains({run(number).machine, ""});
  }
  bool takes_part(std::size_t number) const {
    return !is_summed(number) && !decided(number, Decision::kDiscard) &&
           !decided(number, Decision::kRename);
  }

  /// The time of all runs of a name that take part, in one slot.
  std::int64_t covered_us(const std::string& machine, Slot slot) const {
    std::int64_t sum = 0;
    for (std::size_t number = 0; number < shares_.size(); ++number) {
      const auto share = shares_[number].find(slot);
      if (run(number).machine == machine && takes_part(number) && share != shares_[number].end())
        sum += share->second.time_us();
    }
    return sum;
  }

  void find_holds() {
    for (std::size_t a = 0; a < shares_.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        if (run(a).machine == run(b).machine && takes_part(a) && takes_part(b)) look_at(a, b);
    std::set<std::string> lines;
    for (std::size_t number = 0; number < shares_.size(); ++number) {
      const auto held = held_from_.find(number);
      const auto discarded = discarded_from_.find(number);
      if (held == held_from_.end() && discarded == discarded_from_.end()) continue;
      const bool is_discarded = discarded != discarded_from_.end();
      Slot from = is_discarded ? discarded->second : held->second;
      if (held != held_from_.end()) from = std::min(from, held->second);
      std::string line = run(number).machine + " " + run(number).epoch + " " + to_string(from);
      if (is_discarded) line += " discarded " + to_string(discarded->second);
      lines.insert(line + "\n");
    }
    for (const std::string& line : lines) result_.held += line;
  }

  void look_at(std::size_t a, std::size_t b) {
    std::optional<Slot> first;
    bool is_conflict = false;
    for (const auto& [slot, share] : shares_[a]) {
      const auto other = shares_[b].find(slot);
      if (!share.cover || other == shares_[b].end() || !other->second.cover) continue;
      if (!first) first = slot;
      is_conflict |= run(a).boot == run(b).boot
                         ? overlapping(share, other->second)
                         : covered_us(run(a).machine, slot) > kWholeSlotUs * 105 / 100;
    }
    if (!is_conflict) return;
    ++result_
          .kinds[run(a).boot == run(b).boot ? "conflicts of one boot" : "conflicts of two boots"];
    bind(a, b, *first);
    bind(b, a, *first);
  }

  void bind(std::size_t number, std::size_t other, Slot slot) {
    if (decided(number, Decision::kKeep)) return;
    auto& bound = decided(other, Decision::kKeep) ? discarded_from_ : held_from_;
    const auto [entry, is_new] = bound.try_emplace(number, slot);
    if (!is_new) entry->second = std::min(entry->second, slot);
  }

  static bool parts_are_too_much(const Share& share) {
    if (share.scopes == 0 || static_cast<std::int64_t>(share.final.size()) < share.scopes)
      return false;
    std::int64_t parts = 0;
    for (const auto& [scope, used] : share.used)
      if (scope != "machine" && !scope.starts_with("view:"))
        parts += share.of(scope.c_str(), "cpu");
    const std::int64_t capacity = share.of("machine", "cpu_capacity");
    const std::int64_t up = share.of("machine", "uptime");
    const std::int64_t cores = up == 0 ? 1 : std::max<std::int64_t>(1, (capacity + up - 1) / up);
    return parts * 100 > capacity * 102 + cores * 5'000'000;
  }

  /// The name that a run's usage in a slot is billed to.
  std::optional<std::string> billed_to(std::size_t number, Slot slot, const Share& share) const {
    if (decided(number, Decision::kDiscard)) return std::nullopt;
    const auto renamed = decided(number, Decision::kRename);
    const bool as_it_is = decided(number, Decision::kKeep) || (is_summed(number) && !renamed);
    if (as_it_is) return run(number).machine;
    for (const auto* bound : {&held_from_, &discarded_from_}) {
      const auto from = bound->find(number);
      if (from != bound->end() && slot >= from->second) return std::nullopt;
    }
    if (parts_are_too_much(share)) return std::nullopt;
    return renamed ? renamed->renamed_to : run(number).machine;
  }

  void bill(std::size_t number, Slot slot, const Share& share) {
    const auto name = billed_to(number, slot, share);
    if (!name) return;
    std::string labels;
    for (const auto& [key, value] : run(number).labels)
      labels.append(labels.empty() ? "" : ",").append(key).append("=").append(value);
    if (labels.find(',') != std::string::npos) labels = "\"" + labels + "\"";
    for (const auto& [scope, used] : share.used)
      for (const auto& [meter, value] : used) usage_[{*name, scope, labels, slot, meter}] += value;
  }

  void add_samples_and_events() {
    constexpr std::int64_t kTenth = 100'000'000;
    for (const HistorySample& sample : history_.samples) {
      const Slot slot = Slot::containing(sample.at);
      usage_[{sample.machine, "machine", "", slot, "cpu_usage"}] += sample.cpu_tenths * kTenth;
      usage_[{sample.machine, "machine", "", slot, "memory_usage"}] +=
          sample.memory_tenths * kTenth;
    }
    for (const HistoryEvent& event : history_.events)
      usage_[{event.machine, event.scope, "", Slot::containing(event.at), "frames"}] +=
          event.frames_tenths * kTenth;
  }

  /// One boot of one name, no two of its billed runs overlapping, with more time than the slot has.
  void find_clock_steps() {
    std::map<std::tuple<std::string, std::string, Slot>, std::vector<const Share*>> boots;
    for (std::size_t number = 0; number < shares_.size(); ++number)
      for (const auto& [slot, share] : shares_[number])
        if (const auto name = billed_to(number, slot, share); name && share.cover)
          boots[{*name, run(number).boot, slot}].push_back(&share);
    std::multiset<std::string> lines;
    for (const auto& [key, shares] : boots) {
      std::int64_t sum = 0;
      bool is_overlapping = false;
      for (const Share* a : shares) {
        sum += a->time_us();
        for (const Share* b : shares) is_overlapping |= a < b && overlapping(*a, *b);
      }
      if (is_overlapping || sum < kWholeSlotUs + 100'000) continue;
      lines.insert(fmt::format("{} {} {}\n", std::get<0>(key), to_string(std::get<2>(key)), sum));
    }
    for (const std::string& line : lines) result_.clock_steps += line;
    result_.kinds["clock steps"] = static_cast<int>(lines.size());
  }

  /// How long the boot clock lies in any of them; and whether in two at once.
  static std::pair<std::int64_t, bool> length_of_all(const std::vector<const Share*>& shares) {
    std::set<std::int64_t> bounds;
    for (const Share* share : shares) bounds.insert({share->cover->from_us, share->cover->to_us});
    std::int64_t length = 0;
    bool is_twice = false;
    for (auto at = bounds.begin(); at != bounds.end() && std::next(at) != bounds.end(); ++at) {
      const auto times = std::ranges::count_if(shares, [&](const Share* share) {
        return share->cover->from_us <= *at && *at < share->cover->to_us;
      });
      if (times > 0) length += *std::next(at) - *at;
      is_twice |= times > 1;
    }
    return {length, is_twice};
  }

  /// No host of a history sleeps: each boot is awake while any of its agents runs, and had been off
  /// as long as the one says who knows of most.
  void find_times() {
    std::map<std::pair<std::string, Slot>, std::map<std::string, std::vector<const Share*>>> slots;
    for (std::size_t number = 0; number < shares_.size(); ++number)
      for (const auto& [slot, share] : shares_[number])
        if (const auto name = billed_to(number, slot, share); name && share.cover)
          slots[{*name, slot}][run(number).boot].push_back(&share);
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> times;
    for (const auto& [key, boots] : slots) {
      std::int64_t awake = 0;
      std::int64_t off = 0;
      for (const auto& [boot, shares] : boots) {
        const auto [length, is_twice] = length_of_all(shares);
        awake += length;
        off += std::ranges::max(shares, {}, [](const Share* s) {
                 return s->cover->off_us;
               })->cover->off_us;
        result_.kinds["covered twice"] += is_twice ? 1 : 0;
      }
      awake = std::min(awake, kWholeSlotUs);
      times[key.first].first += awake;
      times[key.first].second += std::min(off, kWholeSlotUs - awake);
    }
    for (const auto& [name, time] : times)
      if (time.first + time.second > 0)
        result_.times += fmt::format("{} {} {}\n", name, time.first, time.second);
  }

  void count_kinds() {
    auto& kinds = result_.kinds;
    for (std::size_t a = 0; a < shares_.size(); ++a) {
      for (const auto& [slot, share] : shares_[a]) {
        kinds["slots with parts"] += share.used.size() > 1 ? 1 : 0;
        kinds["slots of a view"] += share.used.contains("view:lab") ? 1 : 0;
        kinds["estimated"] += share.cover && share.cover->estimated_us > 0 ? 1 : 0;
        kinds["off"] += share.cover && share.cover->off_us > 0 ? 1 : 0;
        kinds["parts exceed"] += parts_are_too_much(share) && !billed_to(a, slot, share) ? 1 : 0;
        kinds["parts exceed, vouched for"] +=
            parts_are_too_much(share) && billed_to(a, slot, share) ? 1 : 0;
      }
      if (a == 0 || run(a).machine != run(a - 1).machine) continue;
      ++kinds[run(a).boot == run(a - 1).boot ? "restarts" : "new boots"];
      kinds["labels changed"] += run(a).labels != run(a - 1).labels ? 1 : 0;
    }
    kinds["bound by a conflict"] = static_cast<int>(held_from_.size());
    kinds["discarded by a kept boot"] = static_cast<int>(discarded_from_.size());
    kinds["samples"] = static_cast<int>(history_.samples.size());
    kinds["usage events"] = static_cast<int>(history_.events.size());
    for (const auto& [boot, decision] : decisions_)
      ++kinds["decided: " + std::string(to_string(decision.decision))];
    for (const auto& decided : history_.decisions)
      kinds["decided anew"] += decided.size() > 1 ? 1 : 0;
  }

  const History& history_;
  std::vector<std::map<Slot, Share>> shares_;  ///< of each run
  std::map<std::pair<std::string, std::string>, HistoryDecision> decisions_;
  std::map<std::size_t, Slot> held_from_;
  std::map<std::size_t, Slot> discarded_from_;
  /// By machine, scope, labels, slot and meter.
  std::map<std::tuple<std::string, std::string, std::string, Slot, std::string>, std::int64_t>
      usage_;
  Recount result_;
};

}  // namespace

Recount recount(const History& history) { return Counter(history).take(); }

}  // namespace meterbill
