#include <fmt/format.h>

#include "config/kafka_properties.h"
#include "config/man_page.h"
#include "config/man_settings.h"
#include "config/print.h"

namespace meterbill {
namespace {

/// What only one of the two services has to say.
struct ServiceTexts {
  std::string_view description;
  std::string_view state;  ///< what is in its state folder
  std::string_view stop;   ///< what it does before it ends
  std::string_view example;
  std::string_view see_also;
};

ServiceTexts texts_of(const OptionTable& table) {
  if (table.short_name == "agent")
    return {
        .description =
            "The agent reads the kernel's counters every tick and reports, again and again, how "
            "much its machine has used so far in this quarter hour. Each reading is on disk before "
            "it is sent, and stays there until the worker or Kafka has acknowledged it: while they "
            "are away the agent goes on metering. What was used while the agent was down is "
            "booked as estimated when it starts again.",
        .state =
            "`spool.db`, the readings that are not yet acknowledged, and the checkpoint from "
            "which metering goes on",
        .stop = "Meters once more, marks its end, tries once to send, and ends with 0.",
        .example = "meterbill-agent --agent.sink=kafka://kafka-1:9092/resource_usage",
        .see_also = "meterbill(1) meterbill.conf(5) meterbill-worker(8) systemctl(1)"};
  return {
      .description =
          "The worker takes readings over HTTP and, if it is told a topic, from Kafka. It checks "
          "and merges them into the ledger, a SQLite file, and works out statements from ledger "
          "and prices. A reading that comes again, late or in another order changes nothing. Only "
          "one worker can have a ledger. When the disk is full or Kafka is away it waits, says so, "
          "and loses nothing.",
      .state = "`ledger.db`, usage, positions and evidence: back it up by `meterbill backup`",
      .stop = "Ends its batch, answers what is in flight, closes the ledger, and ends with 0.",
      .example = "meterbill-worker --worker.kafka=kafka://kafka-1:9092/resource_usage",
      .see_also =
          "meterbill(1) meterbill.conf(5) meterbill-prices(5) meterbill-agent(8) systemctl(1)"};
}

void add_options(ManPage& page, const OptionTable& table) {
  page.heading("OPTIONS");
  page.item("`--config` FILE", fmt::format("Read FILE instead of `{}`.", table.default_file()));
  page.item("`--help`", "Print how the program is called, with every key.");
  page.item("`--version`", "Print the version.");
  page.paragraph(
      "Every key of `meterbill.conf`(5) is an option too; the page also tells their variables and "
      "which ones a reload takes over:");
  for (const Option& option : table.options)
    if (!option.secret)
      page.item(fmt::format("`--{}`", option.name),
                fmt::format("{} ({})", option.help, option_facts(option)));
  page.item(fmt::format("`--{}`PROPERTY", kKafkaPrefix),
            "A property of librdkafka by its own name; secrets only by file or environment.");
}

void add_signals(ManPage& page, std::string_view stop) {
  page.heading("SIGNALS");
  page.item("TERM, INT", stop);
  page.more("A second one ends the service at once: what was acknowledged is durable.");
  page.item("HUP",
            "Reads the configuration again and takes it over if all of it is right; otherwise the "
            "old one stays, and the journal says what is wrong. `meterbill reload` does the same "
            "and waits for the answer.");
  page.item("USR1", "Writes the status line to the journal.");
}

void add_exit_status(ManPage& page) {
  page.heading("EXIT STATUS");
  page.item("0", "Stopped as it was asked to.");
  page.item("64", "Wrong use: an unknown option, a value that cannot be.");
  page.item("65", "Its data are damaged or of a newer version.");
  page.item("66", "A file that it was told to read does not exist.");
  page.item("69", "Something that it needs is not there or refuses.");
  page.item("74", "A disk is full, or reading or writing failed.");
  page.item("75", "Another service has the folder, the socket or the address.");
  page.item("77", "Not allowed: a folder, file or socket that this user may not use.");
  page.item("78", "The configuration is wrong.");
  page.paragraph("The unit does not start a service again that ended with 64, 65, 66, 77 or 78.");
}

void add_files(ManPage& page, const OptionTable& table, std::string_view state) {
  page.heading("FILES");
  page.item(fmt::format("`{0}`, `{0}.d/*.conf`", table.default_file()),
            "the configuration, see `meterbill.conf`(5)");
  const auto standard = [&](std::string_view key) {
    const Option* option = table.find(fmt::format("{}.{}", table.short_name, key));
    return option == nullptr ? std::string_view{} : option->standard;
  };
  page.item(fmt::format("`{}`", standard("state_dir")), state);
  page.item(fmt::format("`{}`", standard("control")),
            "the control socket; members of the group `meterbill` may use it");
}

}  // namespace

std::string man_service(const OptionTable& table) {
  const ServiceTexts texts = texts_of(table);
  std::string summary{table.summary};
  summary.front() = static_cast<char>(summary.front() - 'A' + 'a');
  summary.pop_back();
  ManPage page(table.program, 8, summary);
  page.heading("SYNOPSIS");
  page.paragraph(fmt::format("`{}` [`--config` FILE] [`--`KEY`=`VALUE]...", table.program));
  page.heading("DESCRIPTION");
  page.paragraph(texts.description);
  page.paragraph(
      fmt::format("It runs in the foreground, as the service `{0}.service` does: `systemctl status "
                  "{0}` says how it is, `journalctl -u {0}` what happened.",
                  table.program));
  add_options(page, table);
  add_signals(page, texts.stop);
  add_exit_status(page);
  add_files(page, table, texts.state);
  page.heading("EXAMPLES");
  page.example(texts.example);
  page.see_also(texts.see_also);
  return page.roff();
}

}  // namespace meterbill
