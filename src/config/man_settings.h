#pragma once

#include <string>

#include "config/option_table.h"

namespace meterbill {

/// The page meterbill.conf(5): the format of both configuration files, and every key.
[[nodiscard]] std::string man_settings(const OptionTable& agent, const OptionTable& worker);

/// The page meterbill-agent(8) or meterbill-worker(8).
[[nodiscard]] std::string man_service(const OptionTable& table);

/// The page meterbill-prices(5): the format of a price file, with the meters and units there are.
[[nodiscard]] std::string man_prices();

}  // namespace meterbill
