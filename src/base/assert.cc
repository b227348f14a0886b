#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace meterbill {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "meterbill: internal error at %s:%d: %s does not hold\n", file, line,
               expression);
  std::abort();
}

}  // namespace meterbill
