#include "config/shared_options.h"

namespace meterbill {

void append_http_rows(std::vector<Option>& rows, std::string_view listen) {
  rows.push_back({.name = "http.listen",
                  .type = OptionType::kListen,
                  .standard = listen,
                  .help = "Address of the API and the metrics, or off. An address that others can "
                          "reach needs http.insecure=true."});
  rows.push_back({.name = "http.allowed_hosts",
                  .type = OptionType::kHosts,
                  .standard = "",
                  .standard_as = "none",
                  .help = "Host names, besides localhost and loopback addresses, under which "
                          "requests are answered; others get 403."});
  rows.push_back({.name = "http.insecure",
                  .type = OptionType::kBool,
                  .standard = "false",
                  .help = "Allows http.listen on an address that others can reach, although there "
                          "is no TLS and no login: whoever reaches it reads all and sends "
                          "readings."});
  rows.push_back({.name = "http.connections_max",
                  .type = OptionType::kCount,
                  .standard = "512",
                  .minimum = "1",
                  .maximum = "65535",
                  .help = "Connections at one time; further ones are refused."});
}

void append_log_rows(std::vector<Option>& rows) {
  rows.push_back({.name = "log.level",
                  .type = OptionType::kChoice,
                  .standard = "info",
                  .choices = "error|warning|notice|info|debug|trace",
                  .help = "The least important messages that are logged.",
                  .reloadable = true});
}

}  // namespace meterbill
