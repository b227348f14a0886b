#pragma once

namespace meterbill {

/// Prints where and what, then aborts: a broken promise inside our own code must not go on to bill
/// anybody.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace meterbill

/// Our own bugs only, on in release too. What comes from outside is never asserted: it is an Error.
#define MB_ASSERT(expression)          \
  ((expression) ? static_cast<void>(0) \
                : ::meterbill::assertion_failed(#expression, __FILE__, __LINE__))
