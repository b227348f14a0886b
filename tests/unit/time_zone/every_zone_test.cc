#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"

namespace meterbill {
namespace {

std::vector<std::int64_t> numbers(std::istream& from) {
  std::vector<std::int64_t> read;
  for (std::int64_t number = 0; from >> number;) read.push_back(number);
  return read;
}

// The table is Python's, which reads the compiled zones by itself (zone_table.py).
TEST(EveryZoneTest, HasTheOffsetsThatAnotherReaderOfTheDatabaseSees) {
  std::ifstream table(METERBILL_ZONE_TABLE);
  std::string line;
  ASSERT_TRUE(std::getline(table, line));
  std::istringstream first(line);
  const std::vector<std::int64_t> instants = numbers(first);
  ASSERT_GT(instants.size(), 600U);
  const HostTimeZones zones(sha256_hex);
  int seen = 0;
  while (std::getline(table, line)) {
    std::istringstream row(line);
    std::string name;
    row >> name;
    const std::vector<std::int64_t> offsets = numbers(row);
    ASSERT_EQ(offsets.size(), instants.size()) << name;
    const auto zone = zones.find(name);
    ASSERT_TRUE(zone) << name << ": " << zone.error().message;
    for (std::size_t i = 0; i < instants.size(); ++i)
      ASSERT_EQ(zone.value()->local({instants[i] * 1'000'000}).offset_seconds, offsets[i])
          << name << " at " << instants[i];
    ++seen;
  }
  EXPECT_GT(seen, 500);
}

}  // namespace
}  // namespace meterbill
