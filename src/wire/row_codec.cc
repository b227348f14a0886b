#include "wire/row_codec.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <cstdint>
#include <limits>

namespace meterbill {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint64_t kCovered = 1;  // flag of an epoch
constexpr std::uint64_t kFinal = 1;    // flag of a scope

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4.
std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

/// Small numbers of either sign in few bytes: 0, -1, 1, -2 … become 0, 1, 2, 3 …
std::uint64_t zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return bits << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
std::int64_t from_zigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

class Writer {
 public:
  Writer() : bytes_(1, static_cast<char>(kVersion)) {}

  /// LEB128: seven bits a byte, lowest first, the top bit says that more follow.
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void integer(std::int64_t value) { number(zigzag(value)); }
  /// Keys of a map ascend: each as its distance from the one before.
  void key(std::int64_t value, std::int64_t& previous) {
    integer(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                      static_cast<std::uint64_t>(previous)));
    previous = value;
  }
  std::string finish() && {
    const std::uint32_t crc = crc32c(bytes_);
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes_ += static_cast<char>(crc >> shift & 0xFF);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote. After the first fault every read gives 0 and `sound` is false, so that
/// callers check once.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80)
        return byte == 0 && shift > 0 ? fault() : value;  // 0: longer than it must be
    }
    return fault();
  }
  std::int64_t integer() { return from_zigzag(number()); }
  std::int64_t key(std::int64_t& previous, bool first) {
    const auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(previous) +
                                                 static_cast<std::uint64_t>(integer()));
    if (!first && value <= previous) fault();
    previous = value;
    return value;
  }
  /// How many entries follow; each has at least two bytes, so a wild number is a fault at once.
  std::uint64_t count() {
    const std::uint64_t value = number();
    return value > rest_.size() / 2 ? fault() : value;
  }
  std::uint64_t flag() {
    const std::uint64_t value = number();
    return value > 1 ? fault() : value;
  }
  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t fault() {
    sound_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool sound_ = true;
};

void write_scopes(Writer& out, const FlatMap<ScopeKey, ScopeUsage>& scopes) {
  out.number(scopes.size());
  std::int64_t previous_scope = 0;
  for (const auto& [scope, usage] : scopes) {
    out.key(scope.value, previous_scope);
    out.number(usage.final ? kFinal : 0);
    out.number(usage.used.size());
    std::int64_t previous_meter = 0;
    for (const auto& [meter, value] : usage.used) {
      out.key(meter.value, previous_meter);
      out.integer(value);
    }
  }
}

void write_epoch(Writer& out, const EpochUsage& epoch) {
  out.number(epoch.cover ? kCovered : 0);
  if (epoch.cover) {
    out.integer(epoch.cover->from_us);
    out.integer(epoch.cover->to_us);
    out.integer(epoch.cover->metered_us);
    out.integer(epoch.cover->estimated_us);
    out.integer(epoch.cover->off_us);
  }
  out.integer(epoch.scopes);
  write_scopes(out, epoch.by_scope);
}

FlatMap<ScopeKey, ScopeUsage> read_scopes(Reader& in) {
  FlatMap<ScopeKey, ScopeUsage> scopes;
  const std::uint64_t count = in.count();
  std::int64_t previous_scope = 0;
  for (std::uint64_t i = 0; i < count && in.sound(); ++i) {
    const ScopeKey scope{in.key(previous_scope, i == 0)};
    ScopeUsage& usage = scopes[scope];
    usage.final = in.flag() == kFinal;
    const std::uint64_t meters = in.count();
    std::int64_t previous_meter = 0;
    for (std::uint64_t j = 0; j < meters && in.sound(); ++j) {
      const MeterKey meter{in.key(previous_meter, j == 0)};
      usage.used[meter] = in.integer();
    }
  }
  return scopes;
}

EpochUsage read_epoch(Reader& in) {
  EpochUsage epoch;
  if (in.flag() == kCovered) {
    Cover cover;
    cover.from_us = in.integer();
    cover.to_us = in.integer();
    cover.metered_us = in.integer();
    cover.estimated_us = in.integer();
    cover.off_us = in.integer();
    epoch.cover = cover;
  }
  epoch.scopes = in.integer();
  epoch.by_scope = read_scopes(in);
  return epoch;
}

}  // namespace

std::string pack(const UsageRow& row) {
  Writer out;
  out.number(row.by_epoch.size());
  std::int64_t previous = 0;
  for (const auto& [epoch, usage] : row.by_epoch) {
    out.key(epoch.value, previous);
    write_epoch(out, usage);
  }
  return std::move(out).finish();
}

Result<UsageRow> unpack(std::string_view bytes) {
  const auto damaged = [&](std::string_view why) {
    return fail(Code::kDamaged, fmt::format("usage row of {} bytes: {}", bytes.size(), why));
  };
  if (bytes.size() < 1 + kChecksumBytes) return damaged("too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  std::uint32_t stored = 0;
  for (unsigned i = 0; i < kChecksumBytes; ++i)
    stored |= std::uint32_t{static_cast<std::uint8_t>(bytes[body.size() + i])} << 8 * i;
  // First of all, and of every version: else a flipped bit in the version would say "too new".
  if (crc32c(body) != stored) return damaged("the checksum does not match");
  const auto version = static_cast<std::uint8_t>(body.front());
  if (version > kVersion)
    return fail(Code::kTooNew,
                fmt::format("usage row of version {}: written by a newer program", version));
  if (version != kVersion) return damaged("no such version");
  Reader in(body.substr(1));
  UsageRow row;
  const std::uint64_t count = in.count();
  std::int64_t previous = 0;
  for (std::uint64_t i = 0; i < count && in.sound(); ++i) {
    const EpochKey epoch{in.key(previous, i == 0)};
    row.by_epoch[epoch] = read_epoch(in);
  }
  if (!in.sound() || !in.at_end()) return damaged("the fields do not add up");
  return row;
}

}  // namespace meterbill
