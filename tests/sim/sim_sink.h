#pragma once

#include <deque>
#include <string>
#include <vector>

#include "ports/sink.h"
#include "sim/sim_broker.h"
#include "sim/sim_plan.h"
#include "sim/sim_witness.h"
#include "sim/sim_worker.h"

namespace meterbill::sim {

/// The network: what is under way and arrives later, or a second time.
struct Network {
  std::deque<std::string> posts;  ///< structured events
};

/// An agent's way to the worker, over a network that loses, repeats and delays, and a broker that
/// says it has what it has not.
class SinkModel final : public Sink {
 public:
  /// All outlive this.
  SinkModel(const Plan& plan, Way way, Host& host, WorkerProcess& worker, Broker& broker,
            Network& network, Witness& witness, Random& random)
      : plan_(plan),
        way_(way),
        host_(host),
        worker_(worker),
        broker_(broker),
        network_(network),
        witness_(witness),
        random_(random) {}

  /// All trouble is over.
  bool is_reliable = false;

  [[nodiscard]] std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override;
  [[nodiscard]] std::string name() const override { return "model"; }

 private:
  [[nodiscard]] bool happens(bool Plan::*trouble, std::int64_t percent) {
    return !is_reliable && plan_.*trouble && random_.chance(percent);
  }
  SendReport post(const OutgoingMessage& message);
  SendReport produce(const OutgoingMessage& message);

  const Plan& plan_;
  Way way_;
  Host& host_;
  WorkerProcess& worker_;
  Broker& broker_;
  Network& network_;
  Witness& witness_;
  Random& random_;
};

}  // namespace meterbill::sim
