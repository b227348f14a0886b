#include "config/man_settings.h"

#include <fmt/format.h>

#include "config/kafka_properties.h"
#include "config/man_page.h"
#include "config/print.h"

namespace meterbill {
namespace {

void add_format(ManPage& page) {
  page.heading("FORMAT");
  page.paragraph(
      "One `key = value` a line, below a line with the `[section]` of the key: the key "
      "`agent.interval` is `interval` below `[agent]`. Names are lower case. An unknown key or a "
      "value that cannot be is an error; all of them are reported at once, and the service does "
      "not "
      "start.");
  page.paragraph(
      "A comment begins with # at the start of a line or behind a blank, or with ; at the start of "
      "a line. A value in double quotes stays as it is written; in it \\\" is a quote and \\\\ a "
      "backslash. Nothing is replaced within values: no variables, no commands.");
  page.heading("ORDER");
  page.paragraph("A value said in a later place replaces one of an earlier place:");
  page.item("1.", "the built-in default");
  page.item("2.", "the main file, `/etc/meterbill/agent.conf` or `/etc/meterbill/worker.conf`");
  page.item("3.",
            "the files `agent.conf.d/*.conf` or `worker.conf.d/*.conf` beside it, ordered by name");
  page.item("4.", "the environment; each key below names its variable");
  page.item("5.", "the command line of the service, `--key=value`");
  page.paragraph(
      "`meterbill config check` says what is wrong, `meterbill config show --origin` what holds "
      "and "
      "where it was said, `meterbill config default agent` prints a file with every key.");
}

void add_values(ManPage& page) {
  page.heading("VALUES");
  page.paragraph(
      "A duration is a whole number and its unit, us, ms, s, min, h or d: `10s`. A size is a whole "
      "number and its unit, B, KiB, MiB, GiB, TiB (by 1024) or kB, MB, GB, TB (by 1000): `64MiB`. "
      "Ranges include both their ends.");
}

void add_keys(ManPage& page, const OptionTable& table) {
  std::string heading = fmt::format("KEYS OF {}.CONF", table.short_name);
  for (char& c : heading)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  page.heading(heading);
  for (const Option& option : table.options) {
    page.item(fmt::format("`{}`", option.name), option.help);
    page.more(fmt::format("Type: {}. {}.", option_facts(option),
                          option.reloadable ? "A reload takes it over" : "Needs a restart"));
    page.more(fmt::format("Environment: `{}`.{}", table.environment_name(option.name),
                          option.secret ? " Secret: never on the command line." : ""));
  }
}

void add_kafka(ManPage& page) {
  page.heading("KAFKA");
  page.paragraph(
      "Below `[kafka]` both files take any property of librdkafka by its own name: "
      "`security.protocol = SSL`. In the environment its dots are underscores, "
      "`METERBILL_AGENT_KAFKA_SECURITY_PROTOCOL`, on the command line it is "
      "`--kafka.security.protocol`. All of them need a restart.");
  page.paragraph(
      "A property that is a password, a secret, a token or a key is never shown and not taken from "
      "the command line. It is better kept in a file of its own, which only the service may read: "
      "`sasl.password.file = PATH`; or in a credential of systemd: `sasl.password = "
      "credential:NAME`.");
  page.paragraph("These are refused, because a wrong value loses or repeats usage:");
  for (const DeniedProperty& denied : denied_kafka_properties())
    page.item(fmt::format("`{}`", denied.name), std::string(denied.reason) + ".");
}

}  // namespace

std::string man_settings(const OptionTable& agent, const OptionTable& worker) {
  ManPage page("meterbill.conf", 5, "configuration of the MeterBill agent and worker");
  page.heading("SYNOPSIS");
  for (const OptionTable* table : {&agent, &worker})
    page.paragraph(fmt::format("`{0}`, `{0}.d/*.conf`", table->default_file()));
  page.heading("DESCRIPTION");
  page.paragraph(
      "`meterbill-agent`(8) and `meterbill-worker`(8) each have a configuration file of one "
      "format. "
      "Both work without one. The files that come with the packages hold every key with its "
      "default, commented out.");
  add_format(page);
  add_values(page);
  add_keys(page, agent);
  add_keys(page, worker);
  add_kafka(page);
  page.heading("RELOAD");
  page.paragraph(
      "`systemctl reload`, `meterbill reload` and the signal HUP read everything again. If "
      "anything "
      "in it is wrong, nothing changes and the reload fails. Otherwise the keys marked so above, "
      "and what the price file says, are taken over; other keys that changed are named as waiting "
      "for a restart.");
  page.heading("EXAMPLES");
  page.paragraph("An agent that sends to a Kafka with TLS and a login:");
  page.example(
      "[agent]\n"
      "sink = kafka://kafka-1:9092,kafka-2:9092/resource_usage\n"
      "labels = site=lab-3,rack=2\n"
      "\n"
      "[kafka]\n"
      "security.protocol = SASL_SSL\n"
      "ssl.ca.location = /etc/meterbill/kafka-ca.pem\n"
      "sasl.mechanism = PLAIN\n"
      "sasl.username = meterbill\n"
      "sasl.password.file = /etc/meterbill/kafka.password\n");
  page.see_also(
      "meterbill(1) meterbill-prices(5) meterbill-agent(8) meterbill-worker(8) systemd.exec(5)");
  return page.roff();
}

}  // namespace meterbill
