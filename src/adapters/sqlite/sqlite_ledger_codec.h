#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/ledger_store.h"

// The byte forms of what the ledger keeps in blobs (docs/ledger.md). kDamaged when bytes are not
// what was written.
namespace meterbill {

/// The inverse of `to_text(Labels)`.
[[nodiscard]] Result<Labels> labels_from_text(std::string_view text);

[[nodiscard]] std::string pack_headers(const Headers& headers);
[[nodiscard]] Result<Headers> unpack_headers(std::string_view bytes);

/// zstd, with its checksum. From any thread.
[[nodiscard]] Result<EvidenceBlock> pack_evidence(std::span<const EvidenceRef> items);
/// One item after the other: a block can hold 64 MiB. `each` returning a failure ends it.
[[nodiscard]] Result<void> unpack_evidence(std::string_view block, std::int64_t raw_bytes,
                                           const std::function<Result<void>(EvidenceItem&&)>& each);

/// Which rows a batch touched, ascending: slot by slot the machines, as distances; a byte or two
/// for each row.
[[nodiscard]] std::string pack_touched(std::span<const RowKey> rows);
/// True if one of `rows` is among them.
[[nodiscard]] Result<bool> is_touched(std::string_view touched, std::span<const RowKey> rows);

[[nodiscard]] Result<Sha256> value_digest_of(std::string_view bytes);
[[nodiscard]] Result<Sha256> to_sha256(std::string_view bytes);
[[nodiscard]] std::string_view bytes_of(const Sha256& digest);

}  // namespace meterbill
