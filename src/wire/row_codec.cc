#include "wire/row_codec.h"

#include <cstdint>
#include <utility>

#include "wire/packed.h"

namespace meterbill {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kCovered = 1;  // flag of an epoch
constexpr std::uint64_t kFinal = 1;    // flag of a scope

void write_scopes(PackedWriter& out, const FlatMap<ScopeKey, ScopeUsage>& scopes) {
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

void write_epoch(PackedWriter& out, const EpochUsage& epoch) {
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

FlatMap<ScopeKey, ScopeUsage> read_scopes(PackedReader& in) {
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

EpochUsage read_epoch(PackedReader& in) {
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
  PackedWriter out(kVersion);
  out.number(row.by_epoch.size());
  std::int64_t previous = 0;
  for (const auto& [epoch, usage] : row.by_epoch) {
    out.key(epoch.value, previous);
    write_epoch(out, usage);
  }
  return std::move(out).finish();
}

Result<UsageRow> unpack(std::string_view bytes) {
  MB_TRY(PackedReader in, PackedReader::open(bytes, kVersion, "usage row"));
  UsageRow row;
  const std::uint64_t count = in.count();
  std::int64_t previous = 0;
  for (std::uint64_t i = 0; i < count && in.sound(); ++i) {
    const EpochKey epoch{in.key(previous, i == 0)};
    row.by_epoch[epoch] = read_epoch(in);
  }
  MB_TRYV(in.finish());
  return row;
}

}  // namespace meterbill
