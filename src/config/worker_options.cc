#include "config/option_table.h"
#include "config/places.h"
#include "config/shared_options.h"

namespace meterbill {
namespace {

std::vector<Option> worker_rows() {
  return {
      {.name = "worker.state_dir",
       .type = OptionType::kPath,
       .standard = standard_places().worker_state,
       .help = "Folder of the ledger. Never on a network file system."},
      {.name = "worker.kafka",
       .type = OptionType::kKafka,
       .standard = "off",
       .help = "Kafka topic to read, beside HTTP."},
      {.name = "worker.prices",
       .type = OptionType::kPath,
       .standard = "",
       .standard_as = "the built-in price book",
       .help = "TOML file with the prices. A reload reads it again.",
       .reloadable = true},
      {.name = "worker.accounts",
       .type = OptionType::kPath,
       .standard = "",
       .standard_as = "no accounts",
       .help =
           "TOML file with the rules that say who pays for which machine and scope. Accounts are "
           "not billed yet: a set value is refused."},
      {.name = "worker.control",
       .type = OptionType::kPath,
       .standard = standard_places().worker_control,
       .help = "Socket through which `meterbill` changes things in the running worker. Its file "
               "mode is the permission."},
      {.name = "worker.batch_max",
       .type = OptionType::kCount,
       .standard = "500000",
       .minimum = "1",
       .maximum = "1000000",
       .help = "After so many messages a transaction of the ledger ends, however many more stand "
               "ready."},
      {.name = "worker.batch_age",
       .type = OptionType::kDuration,
       .standard = "10s",
       .minimum = "1ms",
       .maximum = "60s",
       .help = "Longest time a message from Kafka waits for others to share its transaction while "
               "more keep coming. What came over HTTP, and an idle worker, commits at once."},
  };
}

std::vector<Option> keeping_rows() {
  return {
      {.name = "evidence.keep",
       .type = OptionType::kDuration,
       .standard = "35d",
       .minimum = "1d",
       .maximum = "3650d",
       .help = "How long the exact bytes of what was applied are kept."},
      {.name = "evidence.max_bytes",
       .type = OptionType::kSize,
       .standard = "1GiB",
       .minimum = "1MiB",
       .maximum = "1TiB",
       .help = "Most space for them; the oldest go first."},
      {.name = "quarantine.max_bytes",
       .type = OptionType::kSize,
       .standard = "256MiB",
       .minimum = "1MiB",
       .maximum = "1TiB",
       .help = "Most space for what was not applied. Beyond it only the start and the digest of "
               "each item are kept, beyond twice that only counts."},
      {.name = "usage.reach_back",
       .type = OptionType::kDuration,
       .standard = "35d",
       .minimum = "1d",
       .maximum = "400d",
       .help = "How old a usage event may be. Their ids are remembered that long, so that none "
               "counts twice."},
  };
}

OptionTable make_table() {
  OptionTable table{.program = "meterbill-worker",
                    .short_name = "worker",
                    .summary = "Turns readings into usage and exact bills.",
                    .options = worker_rows()};
  append_http_rows(table.options, "127.0.0.1:5001");
  for (const Option& row : keeping_rows()) table.options.push_back(row);
  append_log_rows(table.options);
  return table;
}

}  // namespace

const OptionTable& worker_options() {
  static const OptionTable kTable = make_table();
  return kTable;
}

}  // namespace meterbill
