#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/sim_broker.h"
#include "sim/sim_random.h"
#include "sim/sim_verdict.h"
#include "sim/sim_worker.h"

namespace meterbill::sim {

/// Samples and usage events: what counts once, however often it comes, and has no later message
/// that would make a loss good. Each is of a machine of its own, so that the ledger shows what
/// became of it.
class Singles {
 public:
  Singles(Broker& broker, WorkerProcess& worker, Random& random)
      : broker_(broker), worker_(worker), random_(random) {}

  /// The prototype's message, into the topic.
  void produce_sample(UtcTime now);
  /// One application's event by one or both ways, perhaps more than once.
  void send_event(UtcTime now);

  /// After everything was read: none twice, and none missing that was acknowledged over HTTP or is
  /// in the topic.
  void judge(const LedgerContent& content, LedgerReader& ledger, Findings& findings) const;
  /// Of what expired, the ledger holds what was read and nothing else. Of samples: they come by the
  /// topic alone.
  void judge_reads(const LedgerContent& content, LedgerReader& ledger, const Reads& reads,
                   Findings& findings) const;
  [[nodiscard]] std::int64_t count() const { return number_; }
  /// The ledger was set back: what it had acknowledged may be gone.
  void forget_certainty();

 private:
  struct Single {
    std::int64_t quantity = 0;  ///< of its first meter, base units
    bool is_sample = false;
    bool is_certain = false;
  };

  Broker& broker_;
  WorkerProcess& worker_;
  Random& random_;
  std::int64_t number_ = 0;
  std::map<std::string, Single> all_;  ///< by machine
};

}  // namespace meterbill::sim
