#include <fmt/format.h>
#include <windows.h>

#include <array>
#include <filesystem>
#include <type_traits>
#include <utility>

#include "base/system_failure_windows.h"
#include "service/service_folders_windows.h"
#include "service/service_manager.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

/// After a failure: soon, later, and then once a minute; a day without one begins anew.
constexpr std::array<DWORD, 3> kRestartAfterMs{5'000, 30'000, 60'000};
constexpr DWORD kForgottenAfterS = 86'400;
/// A little longer than a service says that it takes to stop.
constexpr DWORD kPreshutdownMs = 60'000;
/// Of all that an account may have, the least that a program starts with: to pass through folders.
constexpr const char* kPrivileges = "SeChangeNotifyPrivilege\0";
constexpr const char* kEventSources = R"(SYSTEM\CurrentControlSet\Services\EventLog\Application\)";

struct CloseService {
  void operator()(SC_HANDLE handle) const { CloseServiceHandle(handle); }
};
using Service = std::unique_ptr<std::remove_pointer_t<SC_HANDLE>, CloseService>;

/// Windows' own words are of handles; what an operator can do is more to the point.
Error failure(const WindowsService& service, const char* what) {
  const DWORD code = GetLastError();
  const std::string name(service.name);
  if (code == ERROR_SERVICE_DOES_NOT_EXIST)
    return fail(Code::kNotFound, fmt::format("the service {} is not installed; `meterbill service "
                                             "install {}` does it",
                                             name, service.short_name));
  if (code == ERROR_SERVICE_EXISTS)
    return fail(Code::kConflict, fmt::format("the service {} is installed already", name));
  if (code == ERROR_SERVICE_MARKED_FOR_DELETE)
    return fail(Code::kConflict, fmt::format("the service {} is being removed: close the Services "
                                             "console and try again",
                                             name));
  Error error = windows_failure(fmt::format("{}: {}", name, what), code);
  if (code == ERROR_ACCESS_DENIED) {
    error.code = Code::kPermission;
    error.message += "; run this as an administrator";
  }
  return error;
}

Result<Service> open(const WindowsService& service, DWORD rights) {
  const Service manager(OpenSCManagerA(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) return failure(service, "service manager");
  Service opened(OpenServiceA(manager.get(), service.name.data(), rights));
  if (!opened) return failure(service, "open");
  return opened;
}

ServiceState state_of(DWORD state) {
  switch (state) {
    case SERVICE_STOPPED:
      return ServiceState::kStopped;
    case SERVICE_START_PENDING:
      return ServiceState::kStarting;
    case SERVICE_RUNNING:
      return ServiceState::kRunning;
    case SERVICE_STOP_PENDING:
      return ServiceState::kStopping;
    default:
      return ServiceState::kOther;
  }
}

bool is_delayed(SC_HANDLE service) {
  SERVICE_DELAYED_AUTO_START_INFO info{};
  DWORD needed = 0;
  return QueryServiceConfig2A(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
                              reinterpret_cast<BYTE*>(&info), sizeof info, &needed) != 0 &&
         info.fDelayedAutostart != FALSE;
}

void add_configuration(SC_HANDLE service, ServiceFacts& facts) {
  alignas(QUERY_SERVICE_CONFIGA) std::array<BYTE, 8'192> buffer{};  // the most there can be
  auto* const config = reinterpret_cast<QUERY_SERVICE_CONFIGA*>(buffer.data());
  DWORD needed = 0;
  if (QueryServiceConfigA(service, config, buffer.size(), &needed) == 0) return;
  if (config->lpServiceStartName != nullptr) facts.account = config->lpServiceStartName;
  if (config->dwStartType == SERVICE_AUTO_START)
    facts.start = is_delayed(service) ? "automatic, delayed" : "automatic";
  if (config->dwStartType == SERVICE_DEMAND_START) facts.start = "manual";
  if (config->dwStartType == SERVICE_DISABLED) facts.start = "disabled";
}

Result<std::string> program_of(const WindowsService& service) {
  std::array<wchar_t, 32'768> path{};
  const DWORD length = GetModuleFileNameW(nullptr, path.data(), path.size());
  const fs::path program =
      fs::path(std::wstring(path.data(), length)).parent_path() / std::string(service.program);
  if (fs::exists(program)) return program.string();
  return fail(Code::kNotFound, program.string() + " is missing; install its package");
}

Result<void> add_event_source(const WindowsService& service, const std::string& program) {
  const std::string path = kEventSources + std::string(service.name);
  HKEY key = nullptr;
  LSTATUS status = RegCreateKeyExA(HKEY_LOCAL_MACHINE, path.c_str(), 0, nullptr, 0, KEY_SET_VALUE,
                                   nullptr, &key, nullptr);
  if (status != ERROR_SUCCESS) return windows_failure("event source", static_cast<DWORD>(status));
  constexpr DWORD kTypes = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
  status = RegSetValueExA(key, "EventMessageFile", 0, REG_EXPAND_SZ,
                          reinterpret_cast<const BYTE*>(program.c_str()),
                          static_cast<DWORD>(program.size() + 1));
  if (status == ERROR_SUCCESS)
    status = RegSetValueExA(key, "TypesSupported", 0, REG_DWORD,
                            reinterpret_cast<const BYTE*>(&kTypes), sizeof kTypes);
  RegCloseKey(key);
  if (status != ERROR_SUCCESS) return windows_failure("event source", static_cast<DWORD>(status));
  return ok();
}

/// One thing after the other that only this call can set.
class Configuring {
 public:
  Configuring(const WindowsService& service, SC_HANDLE handle)
      : service_(service), handle_(handle) {}

  template <typename Info>
  Result<void> set(DWORD level, Info info, const char* what) {
    if (ChangeServiceConfig2A(handle_, level, &info) != 0) return ok();
    const DWORD code = GetLastError();
    const bool is_lacking = code == ERROR_INVALID_LEVEL || code == ERROR_INVALID_PARAMETER ||
                            code == ERROR_CALL_NOT_IMPLEMENTED;
    if (!is_lacking) return failure(service_, what);
    lacking.push_back(fmt::format("this Windows has no {}", what));
    return ok();
  }

  std::vector<std::string> lacking;

 private:
  const WindowsService& service_;
  SC_HANDLE handle_;
};

Result<std::vector<std::string>> set_all(const WindowsService& service, SC_HANDLE handle) {
  std::string account = service.account();
  if (ChangeServiceConfigA(handle, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, nullptr,
                           nullptr, nullptr, nullptr, account.c_str(), nullptr,
                           service.display_name.data()) == 0)
    return failure(service, "account");
  Configuring to(service, handle);
  std::string description(service.description);
  MB_TRYV(
      to.set(SERVICE_CONFIG_DESCRIPTION, SERVICE_DESCRIPTIONA{description.data()}, "description"));
  std::array<SC_ACTION, kRestartAfterMs.size()> actions{};
  for (std::size_t i = 0; i < actions.size(); ++i)
    actions[i] = {.Type = SC_ACTION_RESTART, .Delay = kRestartAfterMs[i]};
  MB_TRYV(to.set(SERVICE_CONFIG_FAILURE_ACTIONS,
                 SERVICE_FAILURE_ACTIONSA{.dwResetPeriod = kForgottenAfterS,
                                          .lpRebootMsg = nullptr,
                                          .lpCommand = nullptr,
                                          .cActions = actions.size(),
                                          .lpsaActions = actions.data()},
                 "recovery actions"));
  // Also when the program ended by itself, with a code that is not 0.
  MB_TRYV(to.set(SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, SERVICE_FAILURE_ACTIONS_FLAG{TRUE},
                 "recovery after an exit code"));
  MB_TRYV(to.set(SERVICE_CONFIG_DELAYED_AUTO_START_INFO, SERVICE_DELAYED_AUTO_START_INFO{TRUE},
                 "delayed start"));
  MB_TRYV(to.set(SERVICE_CONFIG_SERVICE_SID_INFO, SERVICE_SID_INFO{SERVICE_SID_TYPE_UNRESTRICTED},
                 "service SID"));
  std::string privileges(kPrivileges, std::string_view(kPrivileges).size() + 1);
  MB_TRYV(to.set(SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
                 SERVICE_REQUIRED_PRIVILEGES_INFOA{privileges.data()}, "required privileges"));
  MB_TRYV(to.set(SERVICE_CONFIG_PRESHUTDOWN_INFO, SERVICE_PRESHUTDOWN_INFO{kPreshutdownMs},
                 "time before a shutdown"));
  return std::move(to.lacking);
}

class WindowsServiceManager final : public ServiceManager {
 public:
  Result<ServiceFacts> look(const WindowsService& service) override {
    MB_TRY(const Service opened, open(service, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG));
    SERVICE_STATUS_PROCESS status{};
    DWORD needed = 0;
    if (QueryServiceStatusEx(opened.get(), SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&status),
                             sizeof status, &needed) == 0)
      return failure(service, "status");
    ServiceFacts facts{.state = state_of(status.dwCurrentState),
                       .process = static_cast<std::int64_t>(status.dwProcessId),
                       .exit_code = static_cast<std::int64_t>(status.dwWin32ExitCode),
                       .start = {},
                       .account = {}};
    if (status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR)
      facts.exit_code = static_cast<std::int64_t>(status.dwServiceSpecificExitCode);
    // The manager is told of the end by the service: its program is still there for a moment.
    if (facts.state == ServiceState::kStopped && stopping_ &&
        WaitForSingleObject(stopping_.get(), 0) == WAIT_TIMEOUT)
      facts.state = ServiceState::kStopping;
    add_configuration(opened.get(), facts);
    return facts;
  }

  Result<void> install(const WindowsService& service) override {
    MB_TRY(const std::string program, program_of(service));
    const Service manager(OpenSCManagerA(nullptr, nullptr, SC_MANAGER_CREATE_SERVICE));
    if (!manager) return failure(service, "service manager");
    const std::string command = "\"" + program + "\"";
    const std::string account = service.account();
    const Service made(CreateServiceA(
        manager.get(), service.name.data(), service.display_name.data(), SERVICE_ALL_ACCESS,
        SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command.c_str(),
        nullptr, nullptr, nullptr, account.c_str(), nullptr));
    if (!made) return failure(service, "install");
    return add_event_source(service, program);
  }

  Result<std::vector<std::string>> configure(const WindowsService& service,
                                             const ServiceFiles& files) override {
    MB_TRY(const Service opened, open(service, SERVICE_CHANGE_CONFIG | SERVICE_START));
    MB_TRYV(prepare_service_files(service, files));
    return set_all(service, opened.get());
  }

  Result<void> remove(const WindowsService& service) override {
    MB_TRY(const Service opened, open(service, DELETE));
    if (DeleteService(opened.get()) == 0) return failure(service, "remove");
    const std::string path = kEventSources + std::string(service.name);
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, path.c_str());  // may be gone
    return ok();
  }

  Result<void> start(const WindowsService& service) override {
    MB_TRY(const Service opened, open(service, SERVICE_START));
    if (StartServiceA(opened.get(), 0, nullptr) == 0 &&
        GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
      return failure(service, "start");
    return ok();
  }

  Result<void> stop(const WindowsService& service) override {
    MB_TRY(const ServiceFacts before, look(service));
    MB_TRY(const Service opened, open(service, SERVICE_STOP));
    if (before.process != 0)
      stopping_.reset(OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(before.process)));
    SERVICE_STATUS status{};
    if (ControlService(opened.get(), SERVICE_CONTROL_STOP, &status) == 0 &&
        GetLastError() != ERROR_SERVICE_NOT_ACTIVE)
      return failure(service, "stop");
    return ok();
  }

 private:
  struct CloseProcess {
    void operator()(HANDLE handle) const { CloseHandle(handle); }
  };
  std::unique_ptr<void, CloseProcess> stopping_;  ///< the process that was told to stop
};

}  // namespace

std::unique_ptr<ServiceManager> make_service_manager() {
  return std::make_unique<WindowsServiceManager>();
}

}  // namespace meterbill
