#include "domain/names.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

struct NameCase {
  const char* name;
  bool (*is_one)(std::string_view);
  std::string text;
  bool want;
};
void PrintTo(const NameCase& row, std::ostream* out) { *out << row.name; }

class NameTest : public testing::TestWithParam<NameCase> {};

TEST_P(NameTest, IsAcceptedOnlyInItsGrammar) {
  EXPECT_EQ(GetParam().is_one(GetParam().text), GetParam().want) << GetParam().text;
}

const auto kNameOf = [](const auto& param) { return std::string(param.param.name); };

INSTANTIATE_TEST_SUITE_P(
    Machine, NameTest,
    testing::Values(NameCase{"plain", is_machine_id, "web-1", true},
                    NameCase{"all_characters", is_machine_id, "Az09._:-", true},
                    NameCase{"one_character", is_machine_id, "0", true},
                    NameCase{"longest", is_machine_id, std::string(128, 'a'), true},
                    NameCase{"too_long", is_machine_id, std::string(129, 'a'), false},
                    NameCase{"ten_kilobytes", is_machine_id, std::string(10'240, 'a'), false},
                    NameCase{"empty", is_machine_id, "", false},
                    NameCase{"dots", is_machine_id, "..", false},
                    NameCase{"option", is_machine_id, "-rf", false},
                    NameCase{"html", is_machine_id, "<b>web</b>", false},
                    NameCase{"slash", is_machine_id, "a/b", false},
                    NameCase{"space", is_machine_id, "a b", false},
                    NameCase{"nul", is_machine_id, std::string("a\0b", 3), false},
                    NameCase{"letter_of_utf8", is_machine_id, "w\xC3\xA4", false}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    Scope, NameTest,
    testing::Values(NameCase{"machine", is_scope, "machine", true},
                    NameCase{"unattributed", is_scope, "unattributed", true},
                    NameCase{"other", is_scope, "other", true},
                    NameCase{"service", is_scope, "service:nginx.service", true},
                    NameCase{"view", is_scope, "view:gpu 0", true},
                    NameCase{"utf8", is_scope, "user:J\xC3\xBCrgen", true},
                    NameCase{"longest", is_scope, "user:" + std::string(250, 'a'), true},
                    NameCase{"too_long", is_scope, "user:" + std::string(251, 'a'), false},
                    NameCase{"empty", is_scope, "", false},
                    NameCase{"other_word", is_scope, "machines", false},
                    NameCase{"no_kind", is_scope, ":a", false},
                    NameCase{"no_name", is_scope, "user:", false},
                    NameCase{"kind_in_capitals", is_scope, "User:a", false},
                    NameCase{"control_character", is_scope, "user:a\n", false},
                    NameCase{"delete_character", is_scope, "user:a\x7f", false},
                    NameCase{"not_utf8", is_scope, "user:\xFF", false}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    MeterEpochBootLabel, NameTest,
    testing::Values(NameCase{"meter", is_meter, "net_in2", true},
                    NameCase{"meter_longest", is_meter, std::string(32, 'a'), true},
                    NameCase{"meter_too_long", is_meter, std::string(33, 'a'), false},
                    NameCase{"meter_empty", is_meter, "", false},
                    NameCase{"meter_digit_first", is_meter, "2net", false},
                    NameCase{"meter_underscore_first", is_meter, "_net", false},
                    NameCase{"meter_capital", is_meter, "Net", false},
                    NameCase{"epoch", is_epoch, "0123456789abcdef0123456789abcdef", true},
                    NameCase{"epoch_short", is_epoch, "0123456789abcdef", false},
                    NameCase{"epoch_capitals", is_epoch, "0123456789ABCDEF0123456789ABCDEF", false},
                    NameCase{"epoch_samples", is_epoch, samples_epoch().str(), false},
                    NameCase{"epoch_events", is_epoch, events_epoch().str(), false},
                    NameCase{"boot", is_boot_id, "8c9d-11", true},
                    NameCase{"boot_longest", is_boot_id, std::string(64, '!'), true},
                    NameCase{"boot_too_long", is_boot_id, std::string(65, '!'), false},
                    NameCase{"boot_empty", is_boot_id, "", false},
                    NameCase{"boot_space", is_boot_id, "a b", false},
                    NameCase{"boot_utf8", is_boot_id, "\xC3\xA4", false},
                    NameCase{"label", is_label_key, "site.a_b-c9", true},
                    NameCase{"label_longest", is_label_key, std::string(63, 'k'), true},
                    NameCase{"label_too_long", is_label_key, std::string(64, 'k'), false},
                    NameCase{"label_empty", is_label_key, "", false},
                    NameCase{"label_capital", is_label_key, "Site", false},
                    NameCase{"label_equals", is_label_key, "a=b", false}),
    kNameOf);

// RFC 3629: the shortest and longest of each length, and what is just outside.
INSTANTIATE_TEST_SUITE_P(
    Utf8, NameTest,
    testing::Values(NameCase{"empty", is_clean_utf8, "", true},
                    NameCase{"one_byte", is_clean_utf8, " ~", true},
                    NameCase{"two_bytes", is_clean_utf8, "\xC2\xA0\xDF\xBF", true},
                    NameCase{"three_bytes", is_clean_utf8, "\xE0\xA0\x80\xEF\xBF\xBF", true},
                    NameCase{"four_bytes", is_clean_utf8, "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", true},
                    NameCase{"before_surrogates", is_clean_utf8, "\xED\x9F\xBF", true},
                    NameCase{"behind_surrogates", is_clean_utf8, "\xEE\x80\x80", true},
                    NameCase{"surrogate", is_clean_utf8, "\xED\xA0\x80", false},
                    NameCase{"overlong_two", is_clean_utf8, "\xC1\xBF", false},
                    NameCase{"overlong_three", is_clean_utf8, "\xE0\x9F\xBF", false},
                    NameCase{"overlong_four", is_clean_utf8, "\xF0\x8F\xBF\xBF", false},
                    NameCase{"beyond_unicode", is_clean_utf8, "\xF4\x90\x80\x80", false},
                    NameCase{"lone_continuation", is_clean_utf8, "\x80", false},
                    NameCase{"cut_two", is_clean_utf8, "\xC3", false},
                    NameCase{"cut_three", is_clean_utf8, "\xE2\x82", false},
                    NameCase{"cut_four", is_clean_utf8, "\xF0\x90\x80", false},
                    NameCase{"first_of_c1", is_clean_utf8, "a\xC2\x80", false},
                    NameCase{"last_of_c1", is_clean_utf8, "a\xC2\x9F", false},
                    NameCase{"tab", is_clean_utf8, "a\tb", false}),
    kNameOf);

TEST(NamesTest, LabelSetsNeverShareAText) {
  EXPECT_EQ(to_text({}), "");
  EXPECT_EQ(to_text({{"site", "lab-3"}, {"rack", "2"}}), "rack=2,site=lab-3");
  EXPECT_EQ(to_text({{"a", "1,b=2"}}), "a=1\\,b\\=2");
  EXPECT_NE(to_text({{"a", "1,b=2"}}), to_text({{"a", "1"}, {"b", "2"}}));
  EXPECT_NE(to_text({{"a", "1\\"}, {"b", "2"}}), to_text({{"a", "1\\,b=2"}}));
}

TEST(NamesTest, OnlyViewsAreViews) {
  EXPECT_TRUE(is_view(ScopeName("view:gpu")));
  EXPECT_FALSE(is_view(ScopeName("viewer:gpu")));
  EXPECT_FALSE(is_view(machine_scope()));
}

}  // namespace
}  // namespace meterbill
