#pragma once

#include "cli/command.h"
#include "cli/config_command.h"
#include "ports/kafka_check.h"

namespace meterbill {

/// `kafka check [--agent|--worker] [--config FILE] [--json]`: goes with the configured properties
/// from the broker's name to a probe that is produced and consumed back. Exit 0, or 69 when a step
/// failed. `check` is the adapter's; main.cc hands it in.
[[nodiscard]] Command kafka_check_command(const ConfigContext& context, const KafkaCheck& check);

}  // namespace meterbill
