#include "base/platform_words.h"

namespace meterbill {

const std::string_view kLedgerManual = "/usr/share/doc/meterbill/docs/ledger.md";
const std::string_view kOperationsManual = "/usr/share/doc/meterbill/docs/operations.md";
const std::string_view kStartCommand = "systemctl start";
const std::string_view kReadRemedy =
    "its user must be able to read it, for a service: chgrp to its group, mode 0640";
const std::string_view kControlRemedy = "run this as root or as a member of the service's group";

std::string status_command(std::string_view service) {
  return "systemctl status meterbill-" + std::string(service);
}

}  // namespace meterbill
