#include "wire/packed.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <optional>

namespace meterbill {
namespace {

constexpr std::size_t kChecksumBytes = 4;

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4.
std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

/// 0, -1, 1, -2 … become 0, 1, 2, 3 …
template <class Unsigned, class Signed>
Unsigned zigzag(Signed value) {
  return static_cast<Unsigned>(value) << 1 ^ (value < 0 ? ~Unsigned{0} : 0);
}
template <class Signed, class Unsigned>
Signed from_zigzag(Unsigned bits) {
  return static_cast<Signed>(bits >> 1 ^ (~(bits & 1) + 1));
}

template <class Unsigned>
void put(std::string& bytes, Unsigned value) {
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(static_cast<std::uint8_t>(value & 0x7F) | 0x80);
  bytes += static_cast<char>(value);
}

/// The number that `rest` begins with is taken off it; nothing when there is none, it is longer
/// than it must be, or it does not fit.
template <class Unsigned>
std::optional<Unsigned> take(std::string_view& rest) {
  constexpr unsigned kBits = sizeof(Unsigned) * 8;
  Unsigned value = 0;
  for (unsigned shift = 0; shift < kBits && !rest.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    if (shift + 7 > kBits && byte >> (kBits - shift) != 0) break;
    value |= static_cast<Unsigned>(byte & 0x7FU) << shift;
    if (byte >= 0x80) continue;
    if (byte == 0 && shift > 0) break;
    return value;
  }
  return std::nullopt;
}

}  // namespace

void PackedWriter::number(std::uint64_t value) { put(bytes_, value); }

void PackedWriter::integer(std::int64_t value) { put(bytes_, zigzag<std::uint64_t>(value)); }

void PackedWriter::wide_integer(Int128 value) { put(bytes_, zigzag<UInt128>(value)); }

void PackedWriter::key(std::int64_t value, std::int64_t& previous) {
  integer(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                    static_cast<std::uint64_t>(previous)));
  previous = value;
}

std::string PackedWriter::finish() && {
  const std::uint32_t crc = crc32c(bytes_);
  for (unsigned shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(crc >> shift & 0xFF);
  return std::move(bytes_);
}

Result<PackedReader> PackedReader::open(std::string_view bytes, std::uint8_t version,
                                        std::string_view what) {
  PackedReader reader({}, bytes.size(), what);
  const auto damaged = [&](std::string_view why) {
    return fail(Code::kDamaged, fmt::format("{} of {} bytes: {}", what, bytes.size(), why));
  };
  if (bytes.size() < 1 + kChecksumBytes) return damaged("too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  std::uint32_t stored = 0;
  for (unsigned i = 0; i < kChecksumBytes; ++i)
    stored |= std::uint32_t{static_cast<std::uint8_t>(bytes[body.size() + i])} << 8 * i;
  // First of all, and of every version: else a flipped bit in the version would say "too new".
  if (crc32c(body) != stored) return damaged("the checksum does not match");
  const auto found = static_cast<std::uint8_t>(body.front());
  if (found > version)
    return fail(Code::kTooNew,
                fmt::format("{} of version {}: written by a newer program", what, found));
  if (found != version) return damaged("no such version");
  reader.rest_ = body.substr(1);
  return reader;
}

std::uint64_t PackedReader::number() {
  const auto value = take<std::uint64_t>(rest_);
  return value ? *value : fault();
}

std::int64_t PackedReader::integer() { return from_zigzag<std::int64_t>(number()); }

Int128 PackedReader::wide_integer() {
  const auto value = take<UInt128>(rest_);
  return value ? from_zigzag<Int128>(*value) : static_cast<Int128>(fault());
}

std::int64_t PackedReader::key(std::int64_t& previous, bool first) {
  const auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(previous) +
                                               static_cast<std::uint64_t>(integer()));
  if (!first && value <= previous) fault();
  previous = value;
  return value;
}

std::uint64_t PackedReader::count() {
  const std::uint64_t value = number();
  return value > rest_.size() / 2 ? fault() : value;
}

std::uint64_t PackedReader::flag() {
  const std::uint64_t value = number();
  return value > 1 ? fault() : value;
}

Result<void> PackedReader::finish() const {
  if (sound_ && rest_.empty()) return ok();
  return fail(Code::kDamaged,
              fmt::format("{} of {} bytes: the fields do not add up", what_, size_));
}

std::uint64_t PackedReader::fault() {
  sound_ = false;
  rest_ = {};
  return 0;
}

}  // namespace meterbill
