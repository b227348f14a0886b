#pragma once

#include <string>

#include "base/result.h"
#include "domain/hold.h"

namespace meterbill {

/// What the worker says to the log: one named function an event, so that texts, ids and fields
/// stand in one place and the worker needs no logging library.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  virtual void source_claimed(const std::string& source, std::int64_t fence) = 0;
  /// A source delivers nothing and why, with the remedy; told once it has lasted.
  virtual void source_not_ready(const std::string& source, const std::string& reason) = 0;
  virtual void source_ready_again(const std::string& source) = 0;
  virtual void disk_full(const Error& error) = 0;
  virtual void disk_has_space_again() = 0;
  virtual void quarantined(const std::string& source, const std::string& machine,
                           const Rejection& rejection, std::int64_t more) = 0;
  virtual void conflict(const MachineId& machine) = 0;
  virtual void decided(const MachineId& machine, const BootId& boot, Decision decision) = 0;
  virtual void totals_rebuilt(std::int64_t machines) = 0;
  virtual void partition_accepted(const std::string& source, std::int32_t partition) = 0;
};

}  // namespace meterbill
