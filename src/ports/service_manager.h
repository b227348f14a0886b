#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meterbill {

/// One of our programs as a service of Windows.
struct WindowsService {
  std::string_view short_name;    ///< as commands have it: `agent`
  std::string_view name;          ///< of the service, and of its source in the event log
  std::string_view display_name;  ///< in the Services console
  std::string_view description;
  std::string_view program;  ///< its file, beside that of the command

  /// The account that Windows makes of the service: nobody knows a password, nothing else runs as
  /// it.
  [[nodiscard]] std::string account() const { return "NT SERVICE\\" + std::string(name); }
};

inline constexpr std::array<WindowsService, 2> kWindowsServices{
    WindowsService{"agent", "MeterBillAgent", "MeterBill Agent",
                   "Meters this machine and sends the readings to be billed.",
                   "meterbill-agent.exe"},
    WindowsService{"worker", "MeterBillWorker", "MeterBill Worker",
                   "Turns the readings of machines into exact bills.", "meterbill-worker.exe"}};

enum class ServiceState { kStopped, kStarting, kRunning, kStopping, kOther };

/// What the service manager says of a service.
struct ServiceFacts {
  ServiceState state = ServiceState::kStopped;
  std::int64_t process = 0;    ///< 0: none
  std::int64_t exit_code = 0;  ///< of a stopped one
  std::string start;           ///< "automatic, delayed", "automatic", "manual", "disabled"
  std::string account;
};

/// What a service needs beside its program.
struct ServiceFiles {
  std::string configuration;       ///< its file; made when there is none
  std::string configuration_text;  ///< of a new one
  std::vector<std::string> state;  ///< folders that it writes, and nobody else but administrators
};

/// Windows' service manager. Each may fail with kPermission (who asks is no administrator) or kIo.
class ServiceManager {
 public:
  virtual ~ServiceManager() = default;

  /// kNotFound: not installed.
  [[nodiscard]] virtual Result<ServiceFacts> look(const WindowsService& service) = 0;
  /// With its source of the event log. kConflict: it is installed. kNotFound: no program.
  [[nodiscard]] virtual Result<void> install(const WindowsService& service) = 0;
  /// All that the Services console cannot set, and folders with their rights; may be repeated. What
  /// this Windows has not is told as a line.
  [[nodiscard]] virtual Result<std::vector<std::string>> configure(const WindowsService& service,
                                                                   const ServiceFiles& files) = 0;
  /// Its data and configuration stay.
  [[nodiscard]] virtual Result<void> remove(const WindowsService& service) = 0;
  /// Both return when the manager has taken the order.
  [[nodiscard]] virtual Result<void> start(const WindowsService& service) = 0;
  [[nodiscard]] virtual Result<void> stop(const WindowsService& service) = 0;
};

}  // namespace meterbill
