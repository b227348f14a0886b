#pragma once

#include <optional>
#include <string>

#include "sim/sim_agent.h"
#include "sim/sim_sink.h"

namespace meterbill::sim {

/// A host with its agent, its way to the worker, and the truth about it.
struct Machine {
  Machine(std::int64_t number, const std::string& folder, UtcTime now, const Plan& plan, Way way,
          WorkerProcess& worker, Broker& broker, Network& network, Witness& witness, Random& random)
      : host(number, now, random),
        truth(plan.interval_us),
        sink(plan, way, host, worker, broker, network, witness, random),
        agent(folder, host, sink, truth, witness, random) {}

  Host host;
  Truth truth;
  SinkModel sink;
  AgentProcess agent;
  /// An older state of its disk, and what its spool held then.
  std::map<std::string, MemoryFile> image;
  std::optional<Checkpoint> image_checkpoint;
  bool has_image = false;
  bool wants_agent = true;  ///< it is started again when it dies
};

}  // namespace meterbill::sim
