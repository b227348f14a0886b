#include "adapters/sqlite/sqlite_ledger_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/evidence_items.h"
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
  const EvidenceItem value{
      .source = kKafka, .position = {3, 1'000'000'000'000}, .delivery = delivery("value")};
  EvidenceItem released = tombstone;
  released.released = Released{};
  EvidenceItem reading = value;
  reading.released = Released{.reading = 999};
  return {value, tombstone, released, reading};
}

Result<std::vector<EvidenceItem>> unpacked(std::string_view block, std::int64_t raw_bytes) {
  std::vector<EvidenceItem> found;
  MB_TRYV(unpack_evidence(block, raw_bytes, [&](EvidenceItem&& item) -> Result<void> {
    found.push_back(std::move(item));
    return ok();
  }));
  return found;
}

TEST(LedgerCodecTest, EvidenceIsReadBackExactly) {
  const EvidenceBlock block = pack_evidence(refs_of(items())).value();
  const auto found = unpacked(block.bytes, block.raw_bytes).value();
  ASSERT_EQ(found.size(), 4U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].source, items()[i].source);
    EXPECT_EQ(found[i].position, items()[i].position);
    EXPECT_EQ(found[i].delivery, items()[i].delivery);
    EXPECT_EQ(found[i].released, items()[i].released);
  }
}

TEST(LedgerCodecTest, EvidenceOfAnySizeIsReadBackExactly) {
  std::minstd_rand random(1);  // bytes that do not become smaller
  for (const std::size_t size : {0U, 1U, 131'000U, 131'071U, 131'072U, 131'073U, 400'000U}) {
    std::string value(size, '\0');
    for (char& byte : value) byte = static_cast<char>(static_cast<std::uint8_t>(random()));
    std::vector<EvidenceItem> large(3);
    for (EvidenceItem& item : large) item.delivery.value = value;
    const auto block = pack_evidence(refs_of(large));
    ASSERT_TRUE(block) << size;
    EXPECT_EQ(block.value().items, 3);
    const auto found = unpacked(block.value().bytes, block.value().raw_bytes);
    ASSERT_TRUE(found) << size;
    ASSERT_EQ(found.value().size(), 3U) << size;
    for (const EvidenceItem& item : found.value()) EXPECT_EQ(item.delivery.value, value) << size;
  }
}

TEST(LedgerCodecTest, ADamagedByteOfAnEvidenceBlockNeverGivesOtherEvidence) {
  const EvidenceBlock block = pack_evidence(refs_of(items())).value();
  int noticed = 0;
  for (std::size_t at = 0; at < block.bytes.size(); ++at) {
    std::string bytes = block.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const auto found = unpacked(bytes, block.raw_bytes);
    // One bit of zstd's frame header means nothing.
    if (found) {
      EXPECT_EQ(pack_evidence(refs_of(found.value())).value().bytes, block.bytes) << at;
      continue;
    }
    ++noticed;
    EXPECT_EQ(found.error().code, Code::kDamaged);
  }
  EXPECT_GE(noticed + 1, static_cast<int>(block.bytes.size()));
  EXPECT_FALSE(unpacked(block.bytes.substr(0, block.bytes.size() - 1), block.raw_bytes));
  EXPECT_FALSE(unpacked(block.bytes, block.raw_bytes + 1));
  EXPECT_FALSE(unpacked("", 0));
}

TEST(LedgerCodecTest, TheTouchedRowsOfABatchAreFoundAndNoOthers) {
  std::set<RowKey> rows{{{5}, slot(-3)}};
  for (const std::int64_t machine : {1, 2, 3, 200, 1'000'000})
    for (const std::int64_t index : {0, 1, 70'000}) rows.insert({{machine}, slot(index)});
  const std::string touched = pack_touched(std::vector(rows.begin(), rows.end()));
  for (const std::int64_t machine : {1, 2, 3, 4, 5, 199, 200, 201, 1'000'000})
    for (const std::int64_t index : {-3, -1, 0, 1, 2, 69'999, 70'000}) {
      const RowKey row{{machine}, slot(index)};
      EXPECT_EQ(is_touched(touched, {&row, 1}).value(), rows.contains(row))
          << machine << " " << index;
    }
  EXPECT_FALSE(is_touched(pack_touched({}), std::vector{RowKey{{1}, slot()}}).value());
  const std::vector<RowKey> none{{{7}, slot()}};
  for (std::size_t length = 1; length < touched.size(); ++length) {
    const auto found = is_touched(touched.substr(0, length), none);
    EXPECT_TRUE(found || found.error().code == Code::kDamaged) << length;
  }
}

TEST(LedgerCodecTest, WhatADenseFleetTouchesTakesAByteARow) {
  std::vector<RowKey> rows;
  for (std::int64_t machine = 1; machine <= 20'000; ++machine) rows.push_back({{machine}, slot()});
  EXPECT_LT(pack_touched(rows).size(), 20'016U);
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
