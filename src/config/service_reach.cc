#include "config/service_reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "config/endpoint.h"
#include "config/places.h"

namespace meterbill {
namespace {

constexpr std::uint32_t kRead = 4;
constexpr std::uint32_t kEnter = 1;
/// Not in the service's view of the machine: ProtectHome=yes and PrivateTmp=yes of systemd.exec(5).
constexpr std::array<std::string_view, 5> kHidden{"/home", "/root", "/run/user", "/tmp",
                                                  "/var/tmp"};

/// The owner's rights are the owner's even when the group has more; so the kernel does it.
bool may(const ServiceAccount& account, const FileRights& file, std::uint32_t wanted) {
  if (file.has_list) return true;
  const bool is_group = std::ranges::find(account.groups, file.group) != account.groups.end();
  const unsigned shift = file.owner == account.user ? 6U : is_group ? 3U : 0U;
  return (file.mode >> shift & wanted) == wanted;
}

const std::string& own_folder() { return standard_places().config; }

/// Elsewhere rights are somebody else's to give: a folder of keys is not to be opened for us.
bool is_own(const std::string& path) {
  return path == own_folder() || path.starts_with(own_folder() + "/");
}

/// Why the service cannot read the file that this path leads to itself, and what to do.
std::optional<std::string> why_not_here(const std::string& path, const ServiceReach& reach) {
  for (const std::string_view folder : kHidden)
    if (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'))
      return fmt::format("the service does not see what is below {}; put it into /etc/meterbill",
                         folder);
  const std::filesystem::path file(path);
  std::filesystem::path folder("/");
  for (const auto& part : file.parent_path().relative_path()) {
    folder /= part;
    const auto rights = reach.rights_of(folder.string());
    if (rights && !may(reach.account, *rights, kEnter))
      return fmt::format("the user {} may not enter {}; {}", reach.account.name, folder.string(),
                         is_own(folder.string()) ? fmt::format("chmod o+x {}", folder.string())
                                                 : fmt::format("put a copy into {}", own_folder()));
  }
  const auto rights = reach.rights_of(path);
  if (!rights || may(reach.account, *rights, kRead)) return std::nullopt;
  if (!is_own(path))
    return fmt::format(
        "the user {0} may not read it; put a copy of group {0} and mode 0640 into {1}",
        reach.account.name, own_folder());
  return fmt::format("the user {0} may not read it; chgrp {0} {1} && chmod 0640 {1}",
                     reach.account.name, path);
}

/// The same, also of where links lead.
std::optional<std::string> why_not(const std::string& path, const ServiceReach& reach) {
  if (auto reason = why_not_here(path, reach)) return reason;
  const std::string target = reach.target_of ? reach.target_of(path) : path;
  if (target.empty() || target == path) return std::nullopt;
  auto reason = why_not_here(target, reach);
  if (reason) reason->insert(0, fmt::format("leads to {}: ", target));
  return reason;
}

/// The files that a setting names; librdkafka's properties of certificates and keys end so.
std::optional<std::string> file_of(const Setting& setting) {
  constexpr std::string_view kSecretFrom = "(secret from /";
  if (setting.secret) {
    if (!setting.shown.starts_with(kSecretFrom)) return std::nullopt;
    return setting.shown.substr(kSecretFrom.size() - 1, setting.shown.size() - kSecretFrom.size());
  }
  const bool is_file = setting.name == "worker.prices" || setting.name == "agent.ca_file" ||
                       setting.name.ends_with(".location");
  if (!is_file || !setting.shown.starts_with('/')) return std::nullopt;
  return setting.shown;
}

}  // namespace

std::vector<std::string> out_of_reach(const Settings& settings, const ServiceReach& reach) {
  std::vector<std::string> problems;
  for (const std::string& path : settings.files())
    if (const auto reason = why_not(path, reach))
      problems.push_back(fmt::format("{}: {}", path, *reason));
  for (const Setting& setting : settings.all()) {
    const auto file = file_of(setting);
    if (!file) continue;
    if (const auto reason = why_not(*file, reach))
      problems.push_back(
          fmt::format("{}: {}: {}: {}", to_text(setting.origin), setting.name, *file, *reason));
  }
  const Setting& listen = settings.at("http.listen");
  if (const auto* address = std::get_if<HostPort>(&listen.value);
      address != nullptr && address->port < reach.first_free_port)
    problems.push_back(fmt::format(
        "{}: {}: the user {} may not listen on a port below {}; take a higher one, with a proxy in "
        "front where it has to be this one",
        to_text(listen.origin), listen.name, reach.account.name, reach.first_free_port));
  return problems;
}

}  // namespace meterbill
