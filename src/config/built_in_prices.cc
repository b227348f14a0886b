#include "config/price_file.h"

namespace meterbill {

std::string_view built_in_prices() {
  return R"(# The prices MeterBill uses when it is given no price file. Copy it, change the copy,
# try it with `meterbill prices check --prices FILE`, and name it as worker.prices.
#
# A price is text, so that it stays exact: at most 12 decimals of the currency's unit. It holds from
# its date until the next price of the same meter. Add prices, never change one that was used.
#
#   meter   what is counted         unit            one unit is
#   cpu     processor time used     core_hour       one core busy for one hour
#                                   core_second     one core busy for one second
#   memory  memory in use × time    gib_hour        1 GiB (2^30 bytes) for one hour
#                                   gb_hour         1 GB (10^9 bytes) for one hour
#                                   mib_hour        1 MiB for one hour
#   uptime  time the machine ran    machine_hour, machine_second
#   disk_read, disk_write, net_in, net_out          tb, gb, mb, tib, gib, mib, byte
#   cpu_usage, memory_usage         percent_sample  one sample that shows 1 %
#   any other meter                 unit            what the application counts
#
# from    "2026-01-01": local midnight in time_zone; or an instant, "2026-01-01T00:15:00Z". It must
#         fall on a quarter hour of UTC. Without it the price holds since always.
# scopes  "machine" bills what the machine as a whole used; "parts" bills its services, users and
#         containers instead.

currency = "USD"
time_zone = "UTC"
quantity_decimals = 9

# Samples: a message with two percentages is worth what it shows.
[[price]]
meter = "cpu_usage"
unit = "percent_sample"
price = "0.05"

[[price]]
meter = "memory_usage"
unit = "percent_sample"
price = "0.01"

# Readings: examples of a usual size.
[[price]]
meter = "cpu"
unit = "core_hour"
price = "0.02"

[[price]]
meter = "memory"
unit = "gib_hour"
price = "0.0025"
)";
}

}  // namespace meterbill
