#include "sim/sim_broker.h"

#include <algorithm>
#include <utility>

namespace meterbill::sim {

const Delivery* Log::at(std::int64_t offset) const {
  const std::int64_t from = std::max(offset, low);
  return from < high() ? &records[static_cast<std::size_t>(from - low)] : nullptr;
}

Broker::Broker(std::int64_t partitions, Random& random)
    : random_(random), logs_(static_cast<std::size_t>(partitions)) {}

std::size_t Broker::partition_of(const std::string& key) const {
  std::size_t hash = 17;
  for (const char c : key) hash = hash * 31 + static_cast<unsigned char>(c);
  return hash % logs_.size();
}

void Broker::append(Delivery delivery) {
  logs_[partition_of(delivery.key)].records.push_back(std::move(delivery));
}

void Broker::truncate(std::int64_t records_max) {
  for (Log& log : logs_) {
    const auto gone =
        std::min(static_cast<std::size_t>(random_.between(0, records_max)), log.records.size());
    log.records.resize(log.records.size() - gone);
  }
}

void Broker::recreate(bool with_copy) {
  for (Log& log : logs_) {
    log.low = 0;
    if (!with_copy) log.records.clear();
  }
}

void Broker::take_oldest(std::size_t id, std::size_t count) {
  Log& log = logs_[id];
  for (std::size_t i = 0; i < count; ++i) {
    expired_.push_back({static_cast<std::int32_t>(id), log.low++, log.records.front().key});
    log.records.pop_front();
  }
}

void Broker::expire(std::int64_t records_max) {
  for (std::size_t id = 0; id < logs_.size(); ++id)
    take_oldest(id, std::min(static_cast<std::size_t>(random_.between(0, records_max)),
                             logs_[id].records.size()));
}

void Broker::expire_all_but(std::int64_t records_max) {
  for (std::size_t id = 0; id < logs_.size(); ++id) {
    const std::size_t size = logs_[id].records.size();
    take_oldest(id,
                size - std::min(static_cast<std::size_t>(random_.between(0, records_max)), size));
  }
}

}  // namespace meterbill::sim
