#include "adapters/kafka/kafka_message.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace meterbill {
namespace {

Delivery delivery_of(std::string key, std::vector<Header> headers, std::string value,
                     std::int64_t recorded_us = 1, bool tombstone = false) {
  Delivery delivery;
  delivery.key = std::move(key);
  delivery.headers = std::move(headers);
  delivery.value = std::move(value);
  delivery.recorded.us = recorded_us;
  delivery.tombstone = tombstone;
  return delivery;
}

TEST(AnchorDigestTest, NoTwoRecordsThatDifferHaveOneDigest) {
  const std::vector<Delivery> records{
      delivery_of("ab", {}, "c"),
      delivery_of("a", {}, "bc"),
      delivery_of("", {}, "abc"),
      delivery_of("abc", {}, ""),
      delivery_of("abc", {}, "", 1, true),
      delivery_of("ab", {}, "c", 2),
      delivery_of("a", {{"b", "c"}}, ""),
      delivery_of("a", {{"bc", ""}}, ""),
      delivery_of("a", {{"", "bc"}}, ""),
      delivery_of("a", {{"b", ""}, {"c", ""}}, ""),
      delivery_of("a", {{"c", ""}, {"b", ""}}, ""),
      delivery_of("a", {{"b", ""}}, "c"),
      delivery_of("a", {}, "", 1, true),
      delivery_of("a", {}, ""),
  };
  std::set<Sha256> digests;
  for (const Delivery& record : records) digests.insert(anchor_digest(record));
  EXPECT_EQ(digests.size(), records.size());
}

TEST(AnchorDigestTest, TheSameRecordHasTheSameDigest) {
  const Delivery record = delivery_of("k", {{"h", std::string("\0x", 2)}}, "v", 1'234'000);
  EXPECT_EQ(anchor_digest(record), anchor_digest(record));
}

TEST(AnchorDigestTest, StoredAnchorsStayValid) {
  // A change of this digest would halt every partition of every ledger there is.
  const Sha256 digest = anchor_digest(delivery_of("k", {{"h", "x"}}, "v", 1'234'000));
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(hex, "352a505b8d918006dea7985593aafbc417a6876bffd41c22980dca8b4b644c74");
}

TEST(RecordTimeTest, TimestampsThatNoYearHoldsAreTheNearestThatOneDoes) {
  EXPECT_EQ(record_time(1'234), UtcTime{1'234'000});
  EXPECT_EQ(record_time(-1), UtcTime{-1'000}) << "a record without one";
  EXPECT_EQ(to_string(record_time(std::numeric_limits<std::int64_t>::max())),
            "9999-12-31T23:59:59.999000Z");
  EXPECT_EQ(to_string(record_time(std::numeric_limits<std::int64_t>::min())),
            "0000-01-01T00:00:00Z");
}

}  // namespace
}  // namespace meterbill
