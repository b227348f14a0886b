#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/sim_random.h"
#include "wire/message.h"

namespace meterbill::sim {

/// One partition's log: records [low, high).
struct Log {
  std::int64_t low = 0;
  std::deque<Delivery> records;
  [[nodiscard]] std::int64_t high() const {
    return low + static_cast<std::int64_t>(records.size());
  }
  /// The first record at or after `offset`; null when there is none.
  [[nodiscard]] const Delivery* at(std::int64_t offset) const;
};

/// A record that retention took.
struct Expired {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string key;
};

/// A Kafka cluster with one topic, as far as it can harm us: it answers or not, and its logs can be
/// cut, made anew and expire. What a producer is told and what is in the log need not agree.
class Broker {
 public:
  Broker(std::int64_t partitions, Random& random);

  /// Where Kafka's producers put a key; any function of key and partition count will do.
  [[nodiscard]] std::size_t partition_of(const std::string& key) const;
  void append(Delivery delivery);

  void add_partition() { logs_.emplace_back(); }
  /// A leader that had not written its tail to disk is gone; another one goes on without it.
  void truncate(std::int64_t records_max);
  /// The topic is deleted and made anew: empty, or with a copy of what each partition held, as a
  /// mirror leaves it.
  void recreate(bool with_copy);
  /// Retention takes the oldest records, read or not.
  void expire(std::int64_t records_max);
  /// Retention leaves the newest few of each partition, read or not.
  void expire_all_but(std::int64_t records_max);

  [[nodiscard]] const std::vector<Log>& logs() const { return logs_; }
  [[nodiscard]] const std::vector<Expired>& expired() const { return expired_; }

  bool is_up = true;

 private:
  void take_oldest(std::size_t id, std::size_t count);

  Random& random_;
  std::vector<Log> logs_;
  std::vector<Expired> expired_;
};

}  // namespace meterbill::sim
