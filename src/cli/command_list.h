#pragma once

#include <vector>

#include "cli/agent_once.h"
#include "cli/ask_service.h"
#include "cli/backup_command.h"
#include "cli/bill_compute.h"
#include "cli/config_command.h"
#include "cli/kafka_check.h"
#include "cli/loadgen.h"
#include "cli/outside_view_command.h"
#include "cli/prices_check.h"
#include "cli/spool_commands.h"
#include "cli/version_command.h"
#include "cli/windows_service_commands.h"

namespace meterbill {

/// All that the commands are given from outside; main.cc fills it.
struct CommandParts {
  ServiceAccess access;
  BillComputeDeps bill_compute;
  PricesCheckDeps prices_check;
  ConfigContext config;
  KafkaCheck check_kafka;
  WaitForInterrupt wait;
  MeasureOnce measure;
  OutsideViewParts outside_view;
  SpoolContext spool;
  LoadgenParts loadgen;
  LibraryVersions libraries;
  ServiceCommandParts services{};
};

/// Every command of `meterbill`, in the order of its help. Making the list does nothing besides:
/// the manual page is made from it, too.
[[nodiscard]] std::vector<Command> command_list(CommandParts parts);

}  // namespace meterbill
