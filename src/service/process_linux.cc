#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "service/process.h"

namespace meterbill {

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64; the last byte stays 0
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

}  // namespace meterbill
