#include "base/platform_words.h"

namespace meterbill {

const std::string_view kLedgerManual = "C:\\Program Files\\MeterBill\\docs\\ledger.md";
const std::string_view kOperationsManual = "C:\\Program Files\\MeterBill\\docs\\operations.md";
const std::string_view kStartCommand = "meterbill service start";
const std::string_view kReadRemedy =
    "its account must be able to read it: put it into the folder of the configuration";
const std::string_view kControlRemedy = "run this as an administrator";

std::string status_command(std::string_view service) {
  return "meterbill service status " + std::string(service);
}

}  // namespace meterbill
