#include "adapters/sqlite/sqlite_ledger_codec.h"

#include <gtest/gtest.h>

#include "support/ledger_batches.h"

namespace meterbill {
namespace {

TEST(LedgerCodecTest, LabelsAreReadBackFromTheirText) {
  for (const Labels& labels :
       {Labels{}, Labels{{"a", ""}}, Labels{{"a", ""}, {"b", ""}}, Labels{{"a", "1"}, {"b", "2"}},
        Labels{{"a", ",=\\"}, {"b", "\\,"}}, Labels{{"site", "Zürich"}}})
    EXPECT_EQ(labels_from_text(to_text(labels)).value(), labels) << to_text(labels);
  EXPECT_EQ(labels_from_text("novalue").error().code, Code::kDamaged);
  EXPECT_EQ(labels_from_text("a=b\\").error().code, Code::kDamaged);
}

std::vector<EvidenceItem> items() {
  EvidenceItem tombstone{.source = "", .position = {-1, -5}, .delivery = {}};
  tombstone.delivery.tombstone = true;
  tombstone.delivery.recorded = {-1};
  return {{.source = kKafka, .position = {3, 1'000'000'000'000}, .delivery = delivery("value")},
          tombstone};
}

TEST(LedgerCodecTest, EvidenceIsReadBackExactly) {
  const EvidenceBlock block = pack_evidence(items()).value();
  const auto found = unpack_evidence(block.bytes, block.raw_bytes).value();
  ASSERT_EQ(found.size(), 2U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].source, items()[i].source);
    EXPECT_EQ(found[i].position, items()[i].position);
    EXPECT_EQ(found[i].delivery, items()[i].delivery);
  }
}

TEST(LedgerCodecTest, ADamagedByteOfAnEvidenceBlockNeverGivesOtherEvidence) {
  const EvidenceBlock block = pack_evidence(items()).value();
  int noticed = 0;
  for (std::size_t at = 0; at < block.bytes.size(); ++at) {
    std::string bytes = block.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const auto found = unpack_evidence(bytes, block.raw_bytes);
    // One bit of zstd's frame header means nothing.
    if (found) {
      EXPECT_EQ(pack_evidence(found.value()).value().bytes, block.bytes) << at;
      continue;
    }
    ++noticed;
    EXPECT_EQ(found.error().code, Code::kDamaged);
  }
  EXPECT_GE(noticed + 1, static_cast<int>(block.bytes.size()));
  EXPECT_FALSE(unpack_evidence(block.bytes.substr(0, block.bytes.size() - 1), block.raw_bytes));
  EXPECT_FALSE(unpack_evidence(block.bytes, block.raw_bytes + 1));
  EXPECT_FALSE(unpack_evidence("", 0));
}

TEST(LedgerCodecTest, HeadersAreReadBackAndNothingMayBeLeftOver) {
  const std::vector<Header> headers{{"a", ""}, {"", std::string(300, 'x')}};
  const std::string bytes = pack_headers(headers);
  EXPECT_EQ(unpack_headers(bytes).value(), headers);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_EQ(unpack_headers(bytes.substr(0, length)).error().code, Code::kDamaged);
  EXPECT_FALSE(unpack_headers(bytes + "x"));
  EXPECT_FALSE(unpack_headers(std::string(12, '\xff')));
}

}  // namespace
}  // namespace meterbill
