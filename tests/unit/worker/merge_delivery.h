#pragma once

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "merge_recount.h"
#include "support/worker_bench.h"

namespace meterbill {

/// What a ledger says of usage after all that happened, and nothing of how it came.
struct MergeDump {
  std::string usage;  ///< `usage --csv`
  std::string held;
  std::string clock_steps;
  std::string times;  ///< of each machine, awake and off
  std::string costs;
  std::string lines;  ///< of the statement; the same from totals and from slots
  friend bool operator==(const MergeDump&, const MergeDump&) = default;
};
void PrintTo(const MergeDump& dump, std::ostream* out);

/// One thing that happens to a worker.
struct MergeAct {
  enum Kind { kMessage, kSample, kEvent, kDecide, kRelease, kRestart } kind = kMessage;
  std::size_t index = 0;  ///< which one of the history; of kRelease and kRestart: none
};

/// Everything once, in the order in which it was made up.
[[nodiscard]] std::vector<MergeAct> all_acts(const History& history);

/// Fails the test if the ledger says anything else than the recount. The order of the CSV's rows
/// and its column `unit` are what other tests show.
void expect_as_counted(const MergeDump& dump, const Recount& want);

/// Has what is in a history happen to one worker, act by act.
class MergeDelivery {
 public:
  /// `history` outlives the object.
  MergeDelivery(const History& history, std::mt19937_64& random)
      : history_(history), random_(random), decided_(history.decisions.size()) {}

  /// What was put in is applied with others, at the latest with the next decision.
  void perform(const MergeAct& act);
  void settle() { bench_.settle(); }
  /// Has the operator settle what is open yet, and looks at the ledger.
  [[nodiscard]] MergeDump finish();
  /// How often what is worth showing happened.
  [[nodiscard]] const std::map<std::string, int>& kinds() const { return kinds_; }

 private:
  void put(const HistoryMessage& message);
  void put_kafka(Delivery delivery);
  bool decide(std::size_t index);
  void decide_the_rest();
  void settle_quarantine();
  void restart();
  /// Of the month that all of a history lies in.
  [[nodiscard]] Statement statement(LinesFrom from);
  [[nodiscard]] std::string costs();
  [[nodiscard]] std::string clock_steps();
  [[nodiscard]] std::string lines(LinesFrom from);
  [[nodiscard]] std::string times();

  const History& history_;
  std::mt19937_64& random_;
  WorkerBench bench_;
  std::vector<std::pair<Delivery, std::int64_t>> records_;  ///< of Kafka, with their offsets
  std::vector<std::size_t> decided_;  ///< how many decisions of each list are made
  std::map<std::string, int> kinds_;
};

}  // namespace meterbill
