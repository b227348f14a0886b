#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/checked.h"
#include "base/result.h"

namespace meterbill {

/// Writes the packed form of something in the ledger (docs/ledger.md): a version byte, varints, and
/// a CRC-32C of all before it. Equal fields have equal bytes.
class PackedWriter {
 public:
  explicit PackedWriter(std::uint8_t version) : bytes_(1, static_cast<char>(version)) {}

  /// LEB128: seven bits a byte, lowest first, the top bit says that more follow.
  void number(std::uint64_t value);
  /// Zigzag: small numbers of either sign in few bytes.
  void integer(std::int64_t value);
  /// The same of 128 bits.
  void wide_integer(Int128 value);
  /// Keys of a map ascend: each as its distance from the one before.
  void key(std::int64_t value, std::int64_t& previous);
  [[nodiscard]] std::string finish() &&;

 private:
  std::string bytes_;
};

/// Reads what PackedWriter wrote. After the first fault every read gives 0 and `sound` is false, so
/// that callers check once: `finish`.
class PackedReader {
 public:
  /// kDamaged when the bytes are not whole; kTooNew for a later version than `version`. `what` is
  /// named in failures; it must outlive the reader, as the bytes must.
  [[nodiscard]] static Result<PackedReader> open(std::string_view bytes, std::uint8_t version,
                                                 std::string_view what);

  std::uint64_t number();
  std::int64_t integer();
  Int128 wide_integer();
  /// A fault unless it ascends from `previous`; `first`: whatever it is.
  std::int64_t key(std::int64_t& previous, bool first);
  /// How many entries follow; each has at least two bytes, so a wild number is a fault at once.
  std::uint64_t count();
  /// 0 or 1.
  std::uint64_t flag();
  [[nodiscard]] bool sound() const { return sound_; }
  /// kDamaged unless all was read without a fault.
  [[nodiscard]] Result<void> finish() const;

 private:
  PackedReader(std::string_view body, std::size_t size, std::string_view what)
      : rest_(body), size_(size), what_(what) {}
  std::uint64_t fault();

  std::string_view rest_;
  std::size_t size_ = 0;
  std::string_view what_;
  bool sound_ = true;
};

}  // namespace meterbill
