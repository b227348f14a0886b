#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/kafka/kafka_partition.h"
#include "adapters/kafka/kafka_reader.h"
#include "adapters/kafka/kafka_topic.h"
#include "ports/source.h"

namespace meterbill {

/// Whether a log is the one that was read.
enum class LogProof {
  kSame,   ///< the record that was applied is in its place, or retention took it
  kOther,  ///< another record is in its place
  kNone,   ///< the log does not reach that far (now)
};

/// What is known of the partitions of a topic, and what follows from it: which are read and from
/// where, which records are handed over, which partitions wait or are halted.
///
/// No I/O and no thread, so that every order of events can be tested. Whoever reads carries out a
/// plan; when something makes the plan wrong, its generation is no longer current, nothing more is
/// taken from it, and the next look at the cluster makes a new one. Not safe for sharing between
/// threads.
class KafkaPartitions {
 public:
  /// Looks at a log that is shorter than what was read, before that counts as true: right after a
  /// change of its leader a log can appear shorter than it is. They are half a second apart.
  static constexpr int kShortLooks = 4;

  // --- the ledger's side
  void start(const std::vector<PartitionPosition>& positions);
  [[nodiscard]] bool is_started() const { return started_; }
  void committed(std::span<const PartitionPosition> positions);
  /// What was handed over since the last commit is to be read again.
  void rejected(const std::string& reason);
  /// The position of a new incarnation that ends at `high`, if the operator may accept one.
  [[nodiscard]] Result<void> may_accept(std::int32_t id) const;
  [[nodiscard]] PartitionPosition new_incarnation(std::int32_t id, std::int64_t high) const;

  // --- what a look at the cluster finds
  /// One partition to be looked at.
  struct Subject {
    std::int32_t id = 0;
    std::int64_t next_offset = 0;
    bool is_read = false;
    std::optional<Anchor> proof;   ///< must still be in the log
    std::optional<Anchor> newest;  ///< is the proof from now on, if it was
  };
  void see_unreachable(std::string reason);
  void see_topic(const KafkaTopicFacts& facts);
  [[nodiscard]] std::vector<Subject> subjects() const;
  /// Those of which records are staged.
  [[nodiscard]] std::vector<Subject> staged_subjects() const;
  void see_bounds(const Subject& subject, KafkaBounds bounds);
  void see_trouble(std::int32_t id, const std::string& reason);
  void see_proof(const Subject& subject, LogProof proof);

  struct Plan {
    std::int64_t generation = 0;
    std::vector<KafkaStart> starts;  ///< empty: nothing is to be read
  };
  /// The next plan, if the last one is wrong. Only partitions whose bounds were seen are in it.
  [[nodiscard]] std::optional<Plan> plan();
  [[nodiscard]] bool is_current(std::int64_t generation) const { return generation == wanted_; }
  /// Whether the last plan is wrong, so that a look should come at once.
  [[nodiscard]] bool needs_plan() const { return wanted_ != planned_; }
  /// Whether the next look should come soon: something waits for it.
  [[nodiscard]] bool is_unsettled() const;

  // --- the reader's side
  /// Whether a record that was read is to be kept until the log is proven, and handed over then.
  /// `digest` is asked only for an anchor.
  [[nodiscard]] bool stage(std::int32_t id, std::int64_t offset,
                           const std::function<Sha256()>& digest);
  /// A staged record is handed over. REQUIRES: its generation is current.
  void hand_over(std::int32_t id, std::int64_t offset);
  /// As Source::take_gaps.
  [[nodiscard]] std::vector<Gap> take_gaps() { return std::exchange(gaps_, {}); }
  /// An error is never a reason to skip. `id` -1: of no partition.
  void take_error(std::int32_t id, const std::string& reason);
  [[nodiscard]] std::vector<std::int32_t> read_ids() const;
  void see_end(std::int32_t id, std::int64_t end);

  [[nodiscard]] SourceStatus status() const;

 private:
  struct Partition {
    PartitionState state = PartitionState::kWaiting;
    std::string reason = "starting";
    std::optional<PartitionPosition> stored;  ///< as committed in the ledger
    std::int64_t next_offset = 0;             ///< of the next record to hand over
    std::int64_t staged_offset = 0;           ///< of the next record to stage
    std::optional<Anchor> proven;             ///< seen unchanged in the log by the last look
    std::optional<Anchor> verify;             ///< the next record must be it
    std::optional<KafkaBounds> bounds;        ///< of this look
    bool exists = true;
    bool can_be_asked = true;   ///< a broker leads it
    bool was_gone = false;      ///< and has not been recognised since
    bool needs_accept = false;  ///< halted until the operator decides
    bool is_read = false;       ///< part of the current plan
    std::string gap;            ///< what retention took, until something behind it is applied
    std::int64_t gap_end = 0;   ///< offset of the first record behind it
    std::int64_t low = 0;
    std::int64_t end = -1;  ///< -1 unknown
    int errors = 0;         ///< since the last record
    int looks_left = 0;     ///< until it is tried again after an error
    int short_looks = 0;
  };

  void replan() { ++wanted_; }
  void gone(Partition& partition, const std::string& reason);
  void halt(std::int32_t id, Partition& partition, const std::string& reason);
  void halt_other_log(std::int32_t id, Partition& partition, std::int64_t offset);
  void wait(Partition& partition, const std::string& reason);
  void forget_gap(std::int32_t id, Partition& partition);
  void run(Partition& partition);
  [[nodiscard]] std::optional<std::int64_t> decide(std::int32_t id, Partition& partition);
  [[nodiscard]] static Subject subject_of(std::int32_t id, const Partition& partition);
  [[nodiscard]] static std::int64_t incarnation_of(const Partition& partition);
  [[nodiscard]] static std::optional<PartitionPosition> position_of(const Partition& partition);

  std::map<std::int32_t, Partition> partitions_;
  std::vector<Gap> gaps_;  ///< found, not taken yet
  bool started_ = false;
  std::string unreachable_ = "connecting";  ///< with the remedy; empty: the cluster answers
  std::string topic_trouble_;
  std::string ledger_trouble_;
  std::int64_t wanted_ = 1;   ///< generation that is wanted
  std::int64_t planned_ = 0;  ///< generation of the last plan
};

}  // namespace meterbill
