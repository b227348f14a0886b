#include "wire/headers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meterbill {
namespace {

std::vector<Header> listed(const Headers& headers) {
  std::vector<Header> list;
  for (const auto [name, value] : headers) list.push_back({std::string(name), std::string(value)});
  return list;
}

TEST(HeadersTest, KeepEveryByteInOrder) {
  const std::vector<Header> given{{"", ""},
                                  {"a", ""},
                                  {"", "b"},
                                  {"a", std::string("\0\xff\n", 3)},
                                  {"long", std::string(70'000, 'x')}};
  const Headers headers(given);
  EXPECT_EQ(listed(headers), given);
  EXPECT_EQ(headers.size(), given.size());
  EXPECT_EQ(headers.bytes(), 1U + 1U + 4U + 4U + 70'000U);
}

TEST(HeadersTest, AreEqualWhenEachIs) {
  const Headers headers{{"a", "bc"}, {"d", ""}};
  EXPECT_EQ(headers, (Headers{{"a", "bc"}, {"d", ""}}));
  EXPECT_NE(headers, (Headers{{"ab", "c"}, {"d", ""}}));
  EXPECT_NE(headers, (Headers{{"d", ""}, {"a", "bc"}}));
  EXPECT_NE(headers, (Headers{{"a", "bc"}}));
}

TEST(HeadersTest, AreEmptyAtFirstAndOnceCleared) {
  Headers headers;
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.begin(), headers.end());
  headers.add("a", "b");
  EXPECT_FALSE(headers.empty());
  headers.clear();
  EXPECT_EQ(headers, Headers());
}

}  // namespace
}  // namespace meterbill
