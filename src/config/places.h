#pragma once

#include <string>

namespace meterbill {

/// Where files are on this platform when nobody says otherwise; packages and units agree with it.
struct Places {
  std::string config;  ///< folder of agent.conf and worker.conf
  std::string agent_state;
  std::string agent_control;
  std::string worker_state;
  std::string worker_control;
  std::string backups;  ///< folder that packages make for copies of the ledger
};

/// Lives as long as the program.
const Places& standard_places();

}  // namespace meterbill
