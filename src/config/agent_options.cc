#include "config/option_table.h"
#include "config/places.h"
#include "config/shared_options.h"

namespace meterbill {
namespace {

std::vector<Option> agent_rows() {
  return {
      {.name = "agent.machine_id",
       .type = OptionType::kMachineId,
       .standard = "",
       .standard_as = "the host name",
       .help = "The name of this machine on bills. No two machines may share one: their readings "
               "are held until an operator decides."},
      {.name = "agent.interval",
       .type = OptionType::kDuration,
       .standard = "10s",
       .minimum = "1s",
       .maximum = "5min",
       .help = "Time between two readings of the counters. It changes how soon usage is seen, not "
               "how much is billed.",
       .reloadable = true},
      {.name = "agent.sink",
       .type = OptionType::kSink,
       .standard = "http://127.0.0.1:5001",
       .help = "Where readings go: a worker over HTTP, or a Kafka topic. https:// is for a worker "
               "behind a TLS proxy."},
      {.name = "agent.ca_file",
       .type = OptionType::kPath,
       .standard = "",
       .standard_as = "the system's authorities",
       .help = "PEM file with the authorities that may sign the certificate of an https:// sink. "
               "For Kafka it is ssl.ca.location under [kafka]."},
      {.name = "agent.http_proxy",
       .type = OptionType::kProxy,
       .standard = "",
       .standard_as = "none",
       .help =
           "Proxy by which an http:// or https:// sink is reached. The environment's http_proxy "
           "is not looked at."},
      {.name = "agent.labels",
       .type = OptionType::kLabels,
       .standard = "",
       .standard_as = "none",
       .help =
           "Labels of this machine, at most 16, for bills and account rules: site=lab-3,rack=2. "
           "A backslash goes before ',' or '\\' in a value."},
      {.name = "agent.state_dir",
       .type = OptionType::kPath,
       .standard = standard_places().agent_state,
       .help = "Folder of the spool and its checkpoint. Never on a network file system."},
      {.name = "agent.spool_max_bytes",
       .type = OptionType::kSize,
       .standard = "64MiB",
       .minimum = "1MiB",
       .maximum = "64GiB",
       .help = "Largest file of the spool; the log beside it takes up to 5 MiB more. A full one "
               "folds the smallest scopes into 'other'; the totals of the machine stay exact."},
      {.name = "agent.control",
       .type = OptionType::kPath,
       .standard = standard_places().agent_control,
       .help = "Socket through which `meterbill agent` steers the running agent. Its file mode is "
               "the permission."},
      {.name = "agent.outside_view",
       .type = OptionType::kPath,
       .standard = "",
       .standard_as = "none, nothing is compared",
       .help =
           "File with what this machine looks like outside the service's sandbox, as `meterbill "
           "agent outside-view` notes it. If the agent sees another machine, it does not start. "
           "Set by its unit."},
      {.name = "agent.source_root",
       .type = OptionType::kPath,
       .standard = "/",
       .help = "Folder under which proc/ and sys/ are read; another one than / is for tests."},
  };
}

OptionTable make_table() {
  OptionTable table{.program = "meterbill-agent",
                    .short_name = "agent",
                    .summary = "Meters this machine and sends its readings.",
                    .options = agent_rows()};
  append_http_rows(table.options, "127.0.0.1:5002");
  append_log_rows(table.options);
  return table;
}

}  // namespace

const OptionTable& agent_options() {
  static const OptionTable kTable = make_table();
  return kTable;
}

}  // namespace meterbill
