#include "adapters/sqlite/sqlite_ledger_codec.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/per_thread.h"

namespace meterbill {
namespace {

/// Level 3 makes blocks a few percent smaller and takes twice as long.
constexpr int kCompressionLevel = 1;

// Of an evidence item. A released one says which reading, if not all of it, behind its flags.
constexpr std::uint64_t kTombstone = 1;
constexpr std::uint64_t kReleased = 2;
constexpr std::uint64_t kReleasedReading = 4;

Error damaged(const char* what) { return fail(Code::kDamaged, what); }

/// LEB128: seven bits a byte, lowest first.
void put(std::string& into, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) into += static_cast<char>(0x80 | (value & 0x7f));
  into += static_cast<char>(value);
}

void put(std::string& into, std::string_view text) {
  put(into, static_cast<std::uint64_t>(text.size()));
  into += text;
}

void put(std::string& into, const Headers& headers) {
  put(into, static_cast<std::uint64_t>(headers.size()));
  for (const Headers::View header : headers) {
    put(into, header.name);
    put(into, header.value);
  }
}

/// A signed number as a varint: bit by bit, so that -1 is the greatest.
void put_signed(std::string& into, std::int64_t value) {
  put(into, static_cast<std::uint64_t>(value));
}

class Take {
 public:
  explicit Take(std::string_view bytes) : rest_(bytes) {}

  Result<std::uint64_t> number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return damaged("stored bytes end too early");
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return damaged("a stored number is longer than 64 bits");
  }
  Result<std::int64_t> signed_number() {
    MB_TRY(const std::uint64_t value, number());
    return static_cast<std::int64_t>(value);
  }
  /// A part of the stored bytes.
  Result<std::string_view> view() {
    MB_TRY(const std::uint64_t length, number());
    if (length > rest_.size()) return damaged("stored bytes end too early");
    const std::string_view view = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return view;
  }
  Result<std::string> text() {
    MB_TRY(const std::string_view found, view());
    return std::string(found);
  }
  Result<Headers> headers() {
    MB_TRY(const std::uint64_t count, number());
    Headers headers;
    for (std::uint64_t i = 0; i < count; ++i) {
      MB_TRY(const std::string_view name, view());
      MB_TRY(const std::string_view value, view());
      headers.add(name, value);
    }
    return headers;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void put_item(std::string& into, const EvidenceRef& item) {
  put(into, item.source);
  put_signed(into, item.position.partition);
  put_signed(into, item.position.offset);
  put_signed(into, item.delivery.recorded.us);
  const bool has_reading = item.released && item.released->reading;
  put(into, (item.delivery.tombstone ? kTombstone : 0) | (item.released ? kReleased : 0) |
                (has_reading ? kReleasedReading : 0));
  if (has_reading) put_signed(into, *item.released->reading);
  put(into, item.delivery.key);
  put(into, item.delivery.value);
  put(into, item.delivery.headers);
}

Result<EvidenceItem> take_item(Take& take) {
  EvidenceItem item;
  MB_TRY(item.source, take.text());
  MB_TRY(const std::int64_t partition, take.signed_number());
  item.position.partition = static_cast<std::int32_t>(partition);
  MB_TRY(item.position.offset, take.signed_number());
  MB_TRY(item.delivery.recorded.us, take.signed_number());
  MB_TRY(const std::uint64_t flags, take.number());
  item.delivery.tombstone = (flags & kTombstone) != 0;
  if ((flags & kReleased) != 0) item.released.emplace();
  if ((flags & kReleasedReading) != 0) {
    MB_TRY(const std::int64_t reading, take.signed_number());
    item.released = Released{.reading = static_cast<std::int32_t>(reading)};
  }
  MB_TRY(item.delivery.key, take.text());
  MB_TRY(item.delivery.value, take.text());
  MB_TRY(item.delivery.headers, take.headers());
  return item;
}

/// Kept from one batch to the next: to make one costs more than to compress a small batch.
class CompressContext {
 public:
  CompressContext() : context_(ZSTD_createCCtx()) {}
  [[nodiscard]] ZSTD_CCtx* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

/// Evidence is packed in pieces: memory in one piece of megabytes comes from the kernel anew each
/// time, which clears it.
constexpr std::size_t kPiece = 128 * 1024;

/// One frame, which says the size of its content.
Result<std::string> compress(std::span<const std::string> pieces, std::int64_t raw_bytes) {
  ZSTD_CCtx* const context = per_thread<CompressContext>().get();
  if (context == nullptr) return fail(Code::kIo, "no memory to compress evidence");
  ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kCompressionLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(context, static_cast<unsigned long long>(raw_bytes));
  std::string packed;
  std::string room(ZSTD_CStreamOutSize(), '\0');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool is_last = i + 1 == pieces.size();
    ZSTD_inBuffer in{pieces[i].data(), pieces[i].size(), 0};
    for (std::size_t left = 1; is_last ? left != 0 : in.pos < in.size;) {
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      left = ZSTD_compressStream2(context, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0U)
        return fail(Code::kIo, fmt::format("compress evidence: {}", ZSTD_getErrorName(left)));
      packed.append(room.data(), out.pos);
    }
  }
  return packed;
}

}  // namespace

Result<Labels> labels_from_text(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return damaged("a label has no value");
    std::string& value = labels[std::string(text.substr(0, equals))];
    std::size_t at = equals + 1;
    for (; at < text.size() && text[at] != ','; ++at) {
      if (text[at] == '\\' && ++at == text.size()) return damaged("a label ends too early");
      value += text[at];
    }
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return labels;
}

std::string pack_headers(const Headers& headers) {
  std::string bytes;
  put(bytes, headers);
  return bytes;
}

Result<Headers> unpack_headers(std::string_view bytes) {
  Take take(bytes);
  MB_TRY(auto headers, take.headers());
  if (!take.empty()) return damaged("stored headers have bytes left over");
  return headers;
}

Result<EvidenceBlock> pack_evidence(std::span<const EvidenceRef> items) {
  EvidenceBlock block;
  block.items = static_cast<std::int64_t>(items.size());
  std::vector<std::string> pieces(1);
  put(pieces.back(), static_cast<std::uint64_t>(items.size()));
  for (const EvidenceRef& item : items) {
    put_item(pieces.back(), item);
    if (pieces.back().size() < kPiece) continue;
    block.raw_bytes += static_cast<std::int64_t>(pieces.back().size());
    pieces.emplace_back().reserve(kPiece + kPiece / 8);
  }
  block.raw_bytes += static_cast<std::int64_t>(pieces.back().size());
  MB_TRY(block.bytes, compress(pieces, block.raw_bytes));
  return block;
}

Result<void> unpack_evidence(std::string_view block, std::int64_t raw_bytes,
                             const std::function<Result<void>(EvidenceItem&&)>& each) {
  // The frame says its size too: equal, or we would reserve what a damaged number says.
  if (raw_bytes < 0 || ZSTD_getFrameContentSize(block.data(), block.size()) !=
                           static_cast<unsigned long long>(raw_bytes))
    return damaged("evidence block of another size");
  std::string raw(static_cast<std::size_t>(raw_bytes), '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), block.data(), block.size());
  if (ZSTD_isError(size) != 0U || size != raw.size()) return damaged("evidence block");
  Take take(raw);
  MB_TRY(const std::uint64_t count, take.number());
  for (std::uint64_t i = 0; i < count; ++i) {
    MB_TRY(EvidenceItem item, take_item(take));
    MB_TRYV(each(std::move(item)));
  }
  if (!take.empty()) return damaged("evidence block has bytes left over");
  return ok();
}

std::string pack_touched(std::span<const RowKey> rows) {
  std::map<Slot, std::vector<std::int64_t>> by_slot;
  for (const RowKey& row : rows)
    by_slot[row.slot].push_back(row.machine.value);  // ascending, as the keys do
  std::string touched;
  for (const auto& [slot, machines] : by_slot) {
    put_signed(touched, slot.since(Slot{}));
    put(touched, static_cast<std::uint64_t>(machines.size()));
    std::int64_t before = 0;
    for (const std::int64_t machine : machines)
      put_signed(touched, machine - std::exchange(before, machine));
  }
  return touched;
}

Result<bool> is_touched(std::string_view touched, std::span<const RowKey> rows) {
  Take take(touched);
  while (!take.empty()) {
    MB_TRY(const std::int64_t index, take.signed_number());
    MB_TRY(const std::uint64_t count, take.number());
    const Slot slot = Slot{}.plus(index);
    std::int64_t machine = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      MB_TRY(const std::int64_t distance, take.signed_number());
      machine += distance;
      const RowKey row{{machine}, slot};
      if (std::ranges::find(rows, row) != rows.end()) return true;
    }
  }
  return false;
}

Result<Sha256> value_digest_of(std::string_view bytes) {
  Sha256 digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    return fail(Code::kIo, "SHA-256 is not available");
  return digest;
}

Result<Sha256> to_sha256(std::string_view bytes) {
  Sha256 digest{};
  if (bytes.size() != digest.size()) return damaged("a digest is not 32 bytes long");
  std::transform(bytes.begin(), bytes.end(), digest.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return digest;
}

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace meterbill
