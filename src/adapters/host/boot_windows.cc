#include <fmt/format.h>
#include <windows.h>

#include <array>
#include <random>

#include "adapters/host/boot.h"
#include "base/system_failure_windows.h"

namespace meterbill {
namespace {

// Windows has no boot id. A volatile key is kept in memory only and is gone with the boot
// (RegCreateKeyEx, REG_OPTION_VOLATILE), so the first who asks puts a random one there.
constexpr const char* kKey = "SOFTWARE\\MeterBill\\Boot";
constexpr const char* kValue = "BootId";
constexpr const char* kWhere = "HKEY_LOCAL_MACHINE\\SOFTWARE\\MeterBill\\Boot";
constexpr std::size_t kIdBytes = 36;

class Key {
 public:
  explicit Key(HKEY key) : key_(key) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { RegCloseKey(key_); }
  [[nodiscard]] HKEY get() const { return key_; }

 private:
  HKEY key_;
};

/// "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx": a UUID of version 4 (RFC 9562), as Linux makes its own.
std::string random_id() {
  std::random_device device;
  std::array<std::uint32_t, 4> words{device(), device(), device(), device()};
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16U,
                     words[1] & 0xFFFU, (words[2] >> 16U & 0x3FFFU) | 0x8000U, words[2] & 0xFFFFU,
                     words[3]);
}

Error refused(LSTATUS status) {
  Error error = windows_failure(kWhere, static_cast<DWORD>(status));
  if (error.code == Code::kPermission)
    error.message += "; as an administrator run: meterbill service configure";
  return error;
}

}  // namespace

Result<BootId> read_boot() {
  HKEY opened = nullptr;
  LSTATUS status = RegCreateKeyExA(HKEY_LOCAL_MACHINE, kKey, 0, nullptr, REG_OPTION_VOLATILE,
                                   KEY_QUERY_VALUE | KEY_SET_VALUE, nullptr, &opened, nullptr);
  if (status != ERROR_SUCCESS) return refused(status);
  const Key key(opened);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::array<char, kIdBytes + 1> text{};
    DWORD size = text.size();
    status = RegGetValueA(key.get(), nullptr, kValue, RRF_RT_REG_SZ, nullptr, text.data(), &size);
    if (status == ERROR_SUCCESS && is_boot_id(text.data())) return BootId(std::string(text.data()));
    const std::string id = random_id();
    status = RegSetValueExA(key.get(), kValue, 0, REG_SZ, reinterpret_cast<const BYTE*>(id.c_str()),
                            kIdBytes + 1);
    if (status != ERROR_SUCCESS) return refused(status);
    // Read again: another program may have been as early.
  }
  return fail(Code::kIo, fmt::format("{}: no boot id stays there", kWhere));
}

}  // namespace meterbill
