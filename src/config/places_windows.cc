#include <cstdlib>
#include <filesystem>

#include "config/places.h"

namespace meterbill {
namespace {

/// %ProgramData%, which Windows sets for services as for people.
std::filesystem::path program_data() {
  const char* const folder = std::getenv("ProgramData");
  return folder == nullptr || *folder == '\0' ? "C:\\ProgramData" : folder;
}

}  // namespace

const Places& standard_places() {
  static const std::filesystem::path folder = program_data() / "MeterBill";
  static const Places places{.config = folder.string(),
                             .agent_state = (folder / "agent").string(),
                             .agent_control = R"(\\.\pipe\meterbill-agent)",
                             .worker_state = (folder / "worker").string(),
                             .worker_control = R"(\\.\pipe\meterbill-worker)",
                             .backups = (folder / "backups").string()};
  return places;
}

}  // namespace meterbill
