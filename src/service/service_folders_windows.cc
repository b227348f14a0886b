#include "service/service_folders_windows.h"

#include <windows.h>
// Not before the one above.
#include <aclapi.h>
#include <fmt/format.h>
#include <sddl.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/system_failure_windows.h"
#include "service/service_sid.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

/// SDDL: owned by administrators; the system and they may do everything, nothing is inherited from
/// above; what is inside has the same rights.
std::string rights(const std::string& more) {
  return "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" + more;
}

/// Read, and enter folders.
std::string readers() {
  std::string text;
  for (const WindowsService& service : kWindowsServices)
    text += fmt::format("(A;OICI;FRFX;;;{})", service_sid(service.name));
  return text;
}

/// Everything but to change rights: what the Explorer calls "Modify".
std::string writer(const WindowsService& service) {
  return fmt::format("(A;OICI;0x1301bf;;;{})", service_sid(service.name));
}

Result<void> give_rights(const std::string& path, const std::string& list) {
  PSECURITY_DESCRIPTOR described = nullptr;
  if (ConvertStringSecurityDescriptorToSecurityDescriptorA(list.c_str(), SDDL_REVISION_1,
                                                           &described, nullptr) == 0)
    return windows_failure("rights of " + path);
  const std::unique_ptr<void, decltype(&LocalFree)> freed(described, LocalFree);
  PACL dacl = nullptr;
  PSID owner = nullptr;
  BOOL is_there = FALSE;
  BOOL by_default = FALSE;
  if (GetSecurityDescriptorDacl(described, &is_there, &dacl, &by_default) == 0 ||
      GetSecurityDescriptorOwner(described, &owner, &by_default) == 0)
    return windows_failure("rights of " + path);
  std::string changed = path;
  const DWORD error = SetNamedSecurityInfoA(
      changed.data(), SE_FILE_OBJECT,
      OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
      owner, nullptr, dacl, nullptr);
  if (error != ERROR_SUCCESS) return windows_failure("rights of " + path, error);
  return ok();
}

Result<void> make_folder(const fs::path& path, const std::string& list) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return system_failure(path.string(), error);
  return give_rights(path.string(), list);
}

Result<void> make_configuration(const ServiceFiles& files) {
  const fs::path file(files.configuration);
  MB_TRYV(make_folder(file.parent_path(), rights(readers())));
  MB_TRYV(make_folder(file.string() + ".d", rights(readers())));
  if (fs::exists(file)) return ok();
  std::ofstream out(file);
  out << files.configuration_text << std::flush;
  if (!out) return fail(Code::kIo, "cannot write " + file.string());
  return ok();
}

}  // namespace

Result<void> prepare_service_files(const WindowsService& service, const ServiceFiles& files) {
  MB_TRYV(make_configuration(files));
  for (const std::string& folder : files.state) {
    MB_TRYV(make_folder(folder, rights(writer(service))));
  }
  return ok();
}

}  // namespace meterbill
