#include "worker/api_answers.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace meterbill {
namespace {

using testing::HasSubstr;

TEST(ApiAnswersTest, AFailureSaysWhatItIsAndWhatToDo) {
  struct Wanted {
    unsigned status;
    const char* error;
    const char* remedy;
  };
  const std::map<Code, Wanted> table{
      {Code::kNotFound, {404, "not found", ""}},
      {Code::kInvalid, {400, "bad request", ""}},
      {Code::kRefused, {409, "refused", ""}},
      {Code::kUnavailable, {503, "unavailable", ""}},
      {Code::kDiskFull, {507, "disk full", "free space"}},
      {Code::kDamaged, {500, "damaged", "put a backup in its place"}},
      {Code::kIo, {500, "internal error", ""}},
  };
  for (const auto& [code, wanted] : table) {
    const WebResponse response = answer_failure(fail(code, "page 7"));
    EXPECT_EQ(response.status, wanted.status);
    EXPECT_THAT(response.body, HasSubstr(std::string(R"("error":")") + wanted.error + '"'));
    EXPECT_THAT(response.body, HasSubstr("page 7"));
    EXPECT_THAT(response.body, HasSubstr(wanted.remedy));
  }
}

}  // namespace
}  // namespace meterbill
