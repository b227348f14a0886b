#pragma once

#include <gmock/gmock.h>

#include <string>

#include "support/command_output.h"

namespace meterbill {

/// Expects man(1) to show the page without a warning, and lexgrog(1), which makes the index that
/// apropos(1) searches, to find its name.
inline void expect_readable_page(const std::string& file, const std::string& name) {
  if (!has_program("man") || !has_program("lexgrog")) GTEST_SKIP() << "there is no man here";
  const std::string quoted = "'" + file + "'";
  const CommandOutput warnings =
      run_command("MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z " + quoted +
                  " 2>&1 >/dev/null");
  EXPECT_EQ(warnings.status, 0);
  EXPECT_EQ(warnings.text, "") << file;
  const CommandOutput found = run_command("lexgrog " + quoted + " 2>&1");
  EXPECT_EQ(found.status, 0);
  EXPECT_THAT(found.text, testing::HasSubstr("\"" + name + " - ")) << file;
}

}  // namespace meterbill
