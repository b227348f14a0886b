#include <windows.h>

#include <array>
#include <cstdio>
#include <mutex>

#include "base/assert.h"
#include "base/system_failure_windows.h"
#include "service/service_program.h"
#include "service/signal_box_windows.h"

namespace meterbill {
namespace {

/// What the manager is told when nobody has said more: as long as systemd's TimeoutStopSec of ours.
constexpr DWORD kStopMs = 45'000;
constexpr DWORD kStartMs = 30'000;
constexpr int kOsFailure = 71;  ///< EX_OSERR of sysexits(3)

/// What the service manager knows of us. It alone tells it, under one lock: a late "starting" would
/// undo a "stopping".
class Manager {
 public:
  static Manager& only() {
    static Manager manager;
    return manager;
  }

  void connect(SERVICE_STATUS_HANDLE handle) {
    const std::scoped_lock lock(mutex_);
    handle_ = handle;
    tell(SERVICE_START_PENDING, kStartMs);
  }
  [[nodiscard]] bool is_connected() {
    const std::scoped_lock lock(mutex_);
    return handle_ != nullptr;
  }

  void running() {
    const std::scoped_lock lock(mutex_);
    if (status_.dwCurrentState == SERVICE_START_PENDING) tell(SERVICE_RUNNING, 0);
  }
  /// While it starts or stops; a running one needs none.
  void pending(DWORD wait_ms) {
    const std::scoped_lock lock(mutex_);
    const DWORD state = status_.dwCurrentState;
    if (state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING) tell(state, wait_ms);
  }
  void stopping() {
    const std::scoped_lock lock(mutex_);
    tell(SERVICE_STOP_PENDING, kStopMs);
  }
  /// A code that is not 0 makes the recovery actions fire (with the failure flag set).
  void stopped(int code) {
    const std::scoped_lock lock(mutex_);
    status_.dwWin32ExitCode = code == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
    status_.dwServiceSpecificExitCode = static_cast<DWORD>(code);
    tell(SERVICE_STOPPED, 0);
  }
  void again() {
    const std::scoped_lock lock(mutex_);
    SetServiceStatus(handle_, &status_);
  }

 private:
  // SetServiceStatus fails for a handle or a state that is not one, and ours are.
  void tell(DWORD state, DWORD wait_ms) {
    if (handle_ == nullptr) return;
    const bool is_pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
    status_.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    // One that starts can be stopped too: it is ended at once.
    status_.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN |
                                 SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
    if (state == SERVICE_STOP_PENDING || state == SERVICE_STOPPED) status_.dwControlsAccepted = 0;
    // A checkpoint that rises says that it gets on.
    status_.dwCheckPoint = is_pending ? status_.dwCheckPoint + 1 : 0;
    status_.dwWaitHint = wait_ms;
    status_.dwCurrentState = state;
    SetServiceStatus(handle_, &status_);
  }

  std::mutex mutex_;
  SERVICE_STATUS_HANDLE handle_ = nullptr;
  SERVICE_STATUS status_{};
};

/// Handed to the thread that Windows makes for the service, which takes no argument of ours.
struct Program {
  std::string name;
  int (*body)(int, char**) = nullptr;
  int argc = 0;
  char** argv = nullptr;
};
Program program;

/// Tells Windows' service manager, if that one started us. It has no line of status and no
/// watchdog.
class WindowsHost final : public ServiceHost {
 public:
  void ready() override {
    if (Manager::only().is_connected()) return Manager::only().running();
    std::fprintf(stderr, "runs on this console, not as the service %s; Ctrl-C ends it\n",
                 program.name.c_str());
  }
  void needs(std::chrono::microseconds time) override {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time);
    Manager::only().pending(static_cast<DWORD>(ms.count()));
  }
  void stopping() override { Manager::only().pending(kStopMs); }
  void status(std::string_view /*line*/) override {}
  void alive() override {}
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period() const override {
    return std::nullopt;
  }
};

DWORD WINAPI on_control(DWORD control, DWORD /*event*/, void* /*data*/, void* /*context*/) {
  switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
      Manager::only().stopping();
      tell_signal(WindowsSignal::kStop);
      return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
      tell_signal(WindowsSignal::kReload);
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
      Manager::only().again();
      return NO_ERROR;
    default:
      return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

/// The service's own arguments (`sc start NAME …`) are not taken: settings have their files.
void WINAPI service_main(DWORD /*argc*/, char** /*argv*/) {
  const SERVICE_STATUS_HANDLE handle =
      RegisterServiceCtrlHandlerExA(program.name.c_str(), on_control, nullptr);
  if (handle == nullptr) return;
  Manager::only().connect(handle);
  Manager::only().stopped(program.body(program.argc, program.argv));
}

}  // namespace

int run_service_program(const std::string& name, int (*body)(int, char**), int argc, char** argv) {
  MB_ASSERT(program.body == nullptr);
  program = {name, body, argc, argv};
  std::array<SERVICE_TABLE_ENTRYA, 2> table{SERVICE_TABLE_ENTRYA{program.name.data(), service_main},
                                            SERVICE_TABLE_ENTRYA{}};
  if (StartServiceCtrlDispatcherA(table.data()) != 0) return 0;
  // A person started it, on a console.
  if (GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) return body(argc, argv);
  std::fprintf(stderr, "%s\n", windows_failure("service manager").message.c_str());
  return kOsFailure;
}

std::string windows_service_name() {
  return Manager::only().is_connected() ? program.name : std::string();
}

std::unique_ptr<ServiceHost> make_service_host(const Clock& /*clock*/) {
  return std::make_unique<WindowsHost>();
}

}  // namespace meterbill
