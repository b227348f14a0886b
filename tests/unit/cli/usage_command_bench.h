#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/usage_command.h"
#include "unit/cli/terminal.h"

namespace meterbill {

/// `meterbill usage` against answers that stand ready; the one behind them is a broken connection.
class UsageCommandBench : public testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    const AskService ask = [this](const std::string&, const std::string&,
                                  const std::string& target) -> Result<ServiceAnswer> {
      targets_.push_back(target);
      if (targets_.size() > answers_.size())
        return fail(Code::kUnavailable, "http://host: read the answer: Connection reset by peer");
      return answers_[targets_.size() - 1];
    };
    return usage_command({ask, {"http://host", "", "", ""}}).run(arguments, screen_.terminal);
  }

  std::vector<ServiceAnswer> answers_;
  std::vector<std::string> targets_;
  TestTerminal screen_;
};

}  // namespace meterbill
