#include "worker/items.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/decode.h"

namespace meterbill {
namespace {

/// Sorts one message after another into `Items`.
class ItemReader {
 public:
  ItemReader(Items& items, UtcTime now, std::optional<UtcTime> ids_forgotten_before, Checks checks)
      : items_(items), now_(now), ids_forgotten_before_(ids_forgotten_before), checks_(checks) {}

  void read(SourceBatch& batch, std::size_t source, std::size_t arrival) {
    batch_ = &batch;
    arrival_ = &batch.arrivals[arrival];
    origin_ = {source, arrival, std::nullopt};
    std::visit([this](auto&& message) { take(std::forward<decltype(message)>(message)); },
               std::move(batch.messages[arrival]));
  }

 private:
  UtcTime recorded() const { return arrival_->delivery.recorded; }

  void refuse(Rejection rejection, std::string machine) {
    items_.refused.push_back({origin_, std::move(rejection), std::move(machine), "", 0});
  }

  std::optional<Rejection> time_fault(Slot slot) const {
    if (auto fault = outside_calendar(slot)) return fault;
    if (checks_ == Checks::kReleased) return std::nullopt;
    return untimely(slot, recorded(), now_);
  }

  /// The key is the machine over Kafka; over HTTP there is none.
  void take(Rejection&& rejection) {
    std::string machine = rejection.machine.empty() ? arrival_->delivery.key : rejection.machine;
    refuse(std::move(rejection), std::move(machine));
  }

  void take(Probe&&) { items_.probes.push_back(origin_); }

  void take(ReadingMessage&& message) {
    const std::size_t head = items_.heads.size();
    items_.heads.push_back({std::move(message.machine), std::move(message.epoch),
                            std::move(message.boot), std::move(message.labels),
                            seen_at(recorded(), std::move(message.cpu_usage_percent),
                                    std::move(message.memory_usage_percent))});
    for (std::size_t i = 0; i < message.items.size(); ++i) {
      origin_.ordinal = static_cast<std::int32_t>(i);
      if (auto* rejection = std::get_if<Rejection>(&message.items[i]))
        refuse(std::move(*rejection), items_.heads[head].machine.str());
      else
        take_reading(head, std::get<Reading>(std::move(message.items[i])));
    }
    // A message without readings must count as something: nothing grew.
    origin_.ordinal = std::nullopt;
    if (message.items.empty()) items_.probes.push_back(origin_);
  }

  void take_reading(std::size_t head, Reading&& reading) {
    std::optional<Rejection> fault = time_fault(reading.slot);
    if (!fault) fault = checks_ == Checks::kAll ? implausible(reading) : out_of_range(reading);
    if (!fault) {
      items_.readings.push_back({origin_, head, std::move(reading)});
      return;
    }
    const MessageHead& shared = items_.heads[head];
    items_.refused.push_back({origin_, std::move(*fault), shared.machine.str(),
                              reading_key(shared, reading), weight_of(reading)});
  }

  void take(Sample&& sample) {
    const auto position = batch_->positions.find(arrival_->position.partition);
    const bool replayed = checks_ == Checks::kAll && batch_->route == Route::kKafka &&
                          position != batch_->positions.end() &&
                          arrival_->position.offset < position->second.replay_until;
    if (replayed)
      return refuse({Reason::kReplayed, "read again after the partition was accepted anew"},
                    sample.machine.str());
    const Slot slot = Slot::containing(recorded());
    if (auto fault = time_fault(slot)) return refuse(std::move(*fault), sample.machine.str());
    items_.samples.push_back({origin_, std::move(sample), slot});
  }

  void take(UsageEvent&& event) {
    const Slot slot = Slot::containing(event.time);
    if (auto fault = time_fault(slot)) return refuse(std::move(*fault), event.machine.str());
    if (ids_forgotten_before_ && event.time < *ids_forgotten_before_)
      return refuse({Reason::kTooOld, fmt::format("ids of events before {} are forgotten",
                                                  to_string(*ids_forgotten_before_))},
                    event.machine.str());
    items_.events.push_back({origin_, std::move(event), slot});
  }

  Items& items_;
  UtcTime now_;
  std::optional<UtcTime> ids_forgotten_before_;
  Checks checks_;
  const SourceBatch* batch_ = nullptr;
  const Arrival* arrival_ = nullptr;
  ItemOrigin origin_;
};

bool is_applied_already(const SourceBatch& batch, const Position& position) {
  const auto found = batch.positions.find(position.partition);
  return batch.route == Route::kKafka && found != batch.positions.end() &&
         position.offset < found->second.next_offset;
}

/// Else large portions are copied from one piece of memory to the next.
void reserve(Items& items, std::span<const SourceBatch> batches) {
  std::size_t heads = 0;
  std::size_t readings = 0;
  std::size_t samples = 0;
  for (const SourceBatch& batch : batches)
    for (const Message& message : batch.messages) {
      if (std::holds_alternative<Sample>(message)) ++samples;
      const auto* of_machine = std::get_if<ReadingMessage>(&message);
      if (of_machine == nullptr) continue;
      ++heads;
      readings += of_machine->items.size();
    }
  items.heads.reserve(heads);
  items.readings.reserve(readings);
  items.samples.reserve(samples);
}

}  // namespace

void decode_all(std::span<SourceBatch> batches) {
  for (SourceBatch& batch : batches) {
    batch.messages.clear();
    batch.messages.reserve(batch.arrivals.size());
    for (Arrival& arrival : batch.arrivals)
      batch.messages.push_back(arrival.message ? std::move(*arrival.message)
                                               : decode(arrival.delivery, batch.route));
  }
}

Items read_items(std::span<SourceBatch> batches, UtcTime now,
                 std::optional<UtcTime> ids_forgotten_before, Checks checks) {
  const bool is_decoded = std::ranges::all_of(
      batches, [](const auto& batch) { return batch.messages.size() == batch.arrivals.size(); });
  if (!is_decoded) decode_all(batches);
  Items items;
  reserve(items, batches);
  ItemReader reader(items, now, ids_forgotten_before, checks);
  for (std::size_t source = 0; source < batches.size(); ++source)
    for (std::size_t arrival = 0; arrival < batches[source].arrivals.size(); ++arrival)
      if (checks == Checks::kReleased ||
          !is_applied_already(batches[source], batches[source].arrivals[arrival].position))
        reader.read(batches[source], source, arrival);
  return items;
}

std::string reading_key(const MessageHead& head, const Reading& reading) {
  return fmt::format("{}/{}/{}/{}", head.machine.str(), head.epoch.str(), to_string(reading.slot),
                     reading.scope.str());
}

std::int64_t weight_of(const Reading& reading) {
  std::int64_t weight = reading.final ? 1 : 0;
  bool fits = true;
  const auto add = [&](std::int64_t value) {
    fits = fits && !__builtin_add_overflow(weight, value, &weight);
  };
  add(reading.scopes);
  for (const auto& [meter, value] : reading.used) add(value);
  if (reading.cover) {
    add(reading.cover->to_us);
    add(reading.cover->metered_us);
    add(reading.cover->estimated_us);
    add(reading.cover->off_us);
  }
  return fits ? weight : std::numeric_limits<std::int64_t>::max();
}

}  // namespace meterbill
