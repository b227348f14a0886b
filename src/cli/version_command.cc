#include "cli/version_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "base/build_info.h"
#include "cli/arguments.h"
#include "cli/known_faults.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

const std::vector<Flag>& version_flags() {
  static const std::vector<Flag> kFlags{{.name = "json", .help = "print JSON"}};
  return kFlags;
}

std::string as_text(const LibraryVersions& libraries) {
  const BuildInfo info = build_info();
  std::string text = fmt::format("meterbill {}\n", info.version);
  const auto row = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<12} {}\n", name, value);
  };
  row("commit", info.commit);
  row("built", to_string(info.time));
  row("compiler", info.compiler);
  row("build type", info.build_type);
  for (const auto& library : libraries) row(library.first, library.second);
  for (const LibraryWarning& warning : library_warnings(libraries)) {
    text += labelled_parts("warning        ", 15,
                           {fmt::format("{} {} {}", warning.library, warning.version,  //
                                        warning.problem)});
    text += labelled_parts("  remedy       ", 15, {std::string(warning.remedy)});
  }
  return text;
}

}  // namespace

std::string version_json(const LibraryVersions& libraries) {
  const BuildInfo info = build_info();
  boost::json::object versions;
  for (const auto& library : libraries) versions[library.first] = library.second;
  boost::json::array warnings;
  for (const LibraryWarning& warning : library_warnings(libraries))
    warnings.push_back({{"library", warning.library},
                        {"version", warning.version},
                        {"problem", warning.problem},
                        {"remedy", warning.remedy}});
  const boost::json::object all{{"version", info.version},       {"commit", info.commit},
                                {"built", to_string(info.time)}, {"compiler", info.compiler},
                                {"build_type", info.build_type}, {"libraries", versions},
                                {"warnings", warnings}};
  return boost::json::serialize(all) + "\n";
}

Command version_command(const LibraryVersions& libraries) {
  return {.path = {"version"},
          .summary = "Prints the version of MeterBill and of what it is built from.",
          .run =
              [libraries](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, version_flags(), 0);
                if (!arguments) return report(arguments.error(), terminal);
                terminal.out << (arguments.value().has("json") ? version_json(libraries)
                                                               : as_text(libraries));
                return static_cast<int>(kExitOk);
              },
          .flags = version_flags()};
}

}  // namespace meterbill
