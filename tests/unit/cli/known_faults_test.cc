#include "cli/known_faults.h"

#include <gmock/gmock.h>

namespace meterbill {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr KnownFault kFault{
    .library = "lib", .from = "1.10.0", .before = "2.6.1", .problem = "breaks", .remedy = "do not"};

std::vector<LibraryWarning> warnings_of(const std::string& version) {
  return library_warnings({{"lib", version}}, {&kFault, 1});
}

TEST(KnownFaultsTest, TheFirstVersionIsInAndTheLastIsOut) {
  for (const char* faulty : {"1.10.0", "1.10", "1.10.1", "1.11.0", "2.0.0", "2.6.0", "2.6"})
    EXPECT_THAT(warnings_of(faulty), SizeIs(1)) << faulty;
  // Numbers, not text: 1.9 is before 1.10, and 2.10 behind 2.6.1.
  for (const char* sound : {"1.9.9", "1.9", "0.11", "2.6.1", "2.6.2", "2.10.0", "3", "10.0.0"})
    EXPECT_THAT(warnings_of(sound), IsEmpty()) << sound;
}

TEST(KnownFaultsTest, WhatStandsBehindTheNumbersIsLeftAway) {
  EXPECT_THAT(warnings_of("2.6.0-RC1"), SizeIs(1));
  EXPECT_THAT(warnings_of("2.6.0.99"), SizeIs(1));
  EXPECT_THAT(warnings_of("2.6.1+dfsg"), IsEmpty());
  EXPECT_THAT(warnings_of("2.x"), SizeIs(1));
}

TEST(KnownFaultsTest, OfWhatIsNoVersionNothingIsKnown) {
  for (const char* text : {"", "unknown", "v2.0.0", ".2", "-1", "99999999999999999999"})
    EXPECT_THAT(warnings_of(text), IsEmpty()) << text;
}

TEST(KnownFaultsTest, OnlyTheLibraryItselfHasItsFaults) {
  EXPECT_THAT(library_warnings({{"other", "2.0.0"}, {"lib2", "2.0.0"}}, {&kFault, 1}), IsEmpty());
  const auto warnings = library_warnings({{"other", "1"}, {"lib", "2.0.0"}}, {&kFault, 1});
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].library, "lib");
  EXPECT_EQ(warnings[0].version, "2.0.0");
  EXPECT_EQ(warnings[0].problem, "breaks");
  EXPECT_EQ(warnings[0].remedy, "do not");
}

TEST(KnownFaultsTest, TheTableKnowsDebian12AndNotWhatIsMended) {
  EXPECT_THAT(library_warnings({{"librdkafka", "2.0.2"}}), SizeIs(1));
  EXPECT_THAT(library_warnings({{"librdkafka", "2.2.0"}}), SizeIs(2));
  EXPECT_THAT(library_warnings({{"librdkafka", "2.6.0"}}), SizeIs(1));
  EXPECT_THAT(library_warnings({{"librdkafka", "2.6.1"}}), IsEmpty());
  EXPECT_THAT(library_warnings({{"sqlite", "3.6.23"}}), IsEmpty());
  EXPECT_THAT(library_warnings({{"sqlite", "3.7.0"}}), SizeIs(1));
  EXPECT_THAT(library_warnings({{"sqlite", "3.51.2"}}), SizeIs(1));
  EXPECT_THAT(library_warnings({{"sqlite", "3.51.3"}}), IsEmpty());
}

TEST(KnownFaultsTest, EveryRowIsWhole) {
  for (const KnownFault& fault : known_faults()) {
    EXPECT_NE(fault.remedy, "");
    EXPECT_NE(fault.problem, "");
    // The first version of a row has the fault of the row: its borders are read and in order.
    const auto found =
        library_warnings({{std::string(fault.library), std::string(fault.from)}}, {&fault, 1});
    EXPECT_THAT(found, SizeIs(1)) << fault.library;
  }
}

}  // namespace
}  // namespace meterbill
