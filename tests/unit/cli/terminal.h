#pragma once

#include <sstream>
#include <string>

#include "cli/command.h"

namespace meterbill {

/// A terminal whose output a test can read.
struct TestTerminal {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{.in = in, .out = out, .err = err};
};

}  // namespace meterbill
