#include "adapters/http/http_rules.h"

#include <gmock/gmock.h>

#include "adapters/http/http_client.h"

namespace meterbill {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

TEST(HttpTargetTest, PathAndQueryAreDecodedOnce) {
  const auto target = parse_target("/a%2Fb%2541/+?x=%3D+%2B&y&=z&&x=2#f");
  ASSERT_TRUE(target);
  EXPECT_EQ(target.value().path, "/a/b%41/+");
  EXPECT_THAT(target.value().query,
              UnorderedElementsAre(Pair("x", "= +"), Pair("x", "2"), Pair("y", ""), Pair("", "z")));
}

TEST(HttpTargetTest, TheAbsoluteFormNamesItsHost) {
  EXPECT_EQ(parse_target("http://a:1/x?y").value().authority, "a:1");
  EXPECT_EQ(parse_target("HTTP://a").value().path, "/");
  EXPECT_EQ(parse_target("http://a?b=c").value().path, "/");
  EXPECT_EQ(parse_target("http://a?b=c").value().query.count("b"), 1U);
}

TEST(HttpTargetTest, WhatIsNoTargetIsInvalid) {
  for (const char* text : {"", "x", "*", "http://", "http:///x", "ftp://a/", "a:443", "/%", "/%1",
                           "/%1g", "/%00", "/?%0"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(HttpAuthorityTest, HostAndPortComeApart) {
  EXPECT_EQ(parse_authority("Web-1.lan:5001").value().host, "web-1.lan");
  EXPECT_EQ(parse_authority("Web-1.lan:5001").value().port, "5001");
  EXPECT_EQ(parse_authority("[FD00::1]:5").value().host, "[fd00::1]");
  EXPECT_EQ(parse_authority("[::1]").value().port, "");
  EXPECT_EQ(parse_authority("a:").value().port, "");
  for (const char* text : {"", ":1", "a b", "a/b", "a@b", "a:1:2", "a:65536", "a:-1", "a:1x", "[",
                           "[]", "[::1", "[::1]x", "[::1]1", "[a b]", "ä"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(HttpDateTest, IsWrittenAndReadAsAnImfFixdate) {
  EXPECT_EQ(http_date({784'111'777'999'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), UtcTime{784'111'777'000'000});
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT"), UtcTime{1'709'164'800'000'000});
  for (const char* text : {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Wed, 30 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT", "Sun  06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

struct AddressCase {
  const char* text;
  const char* want;  ///< nullptr: refused
};

TEST(HttpAddressTest, IsReadAndWritten) {
  for (const auto& [text, want] :
       {AddressCase{"http://127.0.0.1:5001", "http://127.0.0.1:5001"},
        AddressCase{"http://Worker.lan/", "http://worker.lan:80"},
        AddressCase{"http://[::1]:5001", "http://[::1]:5001"},
        AddressCase{"unix:/run/a.sock", "unix:/run/a.sock"},
        AddressCase{R"(unix:\\.\pipe\a)", R"(unix:\\.\pipe\a)"},
        AddressCase{"unix:a.sock", nullptr}, AddressCase{"https://a", "https://a:443"},
        AddressCase{"https://[::1]:1", "https://[::1]:1"},
        AddressCase{"https://me:secret@a", nullptr}, AddressCase{"127.0.0.1:5001", nullptr},
        AddressCase{"http://", nullptr}, AddressCase{"http://a/path", nullptr},
        AddressCase{"http://me:secret@a", nullptr}, AddressCase{"kafka://a:1/t", nullptr}}) {
    const auto address = HttpAddress::parse(text);
    ASSERT_EQ(address.has_value(), want != nullptr) << text;
    if (want != nullptr) {
      EXPECT_EQ(address.value().text(), want);
    } else {
      EXPECT_EQ(address.error().code, Code::kConfig) << text;
      EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
    }
  }
}

TEST(PercentEncodeTest, LeavesUnreservedCharactersAlone) {
  EXPECT_EQ(percent_encode("web-1._~A9"), "web-1._~A9");
  EXPECT_EQ(percent_encode("a/b c:ä%"), "a%2Fb%20c%3A%C3%A4%25");
}

}  // namespace
}  // namespace meterbill
