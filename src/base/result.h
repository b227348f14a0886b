#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace meterbill {

/// Why something failed. Code branches on it; people read `Error::message`.
enum class Code {
  kInvalid,      ///< what was given cannot be right, ever: bad text, bad value
  kOverflow,     ///< the exact result does not fit
  kNotFound,     ///< the thing named does not exist
  kConfig,       ///< configuration is wrong: exit 78
  kUsage,        ///< command line is wrong: exit 64
  kUnavailable,  ///< the other side is away: try again later
  kRefused,      ///< the other side understood and said no
  kDiskFull,     ///< no space left: resumes by itself when there is
  kDamaged,      ///< stored data cannot be trusted
  kConflict,     ///< somebody else holds it: a lock, a fence
  kPermission,   ///< a right is missing
  kTooNew,       ///< written by a newer program
  kIo,           ///< any other failure of disk or network
};

/// A failure: a code to branch on and a message to show. Each level adds what it was doing.
struct Error {
  Code code = Code::kInvalid;
  std::string message;

  /// "open spool: no such directory" from "no such directory".
  [[nodiscard]] Error in(std::string_view what) && {
    message.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }
};

/// A value or an Error. Boost.Outcome because it is std-like, warns when ignored and has an early
/// return; this is the only header that names it. Reading the value of a failure ends the program:
/// check first.
template <class T>
using Result =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error,
                                             BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// A value or an E, with the same rules and MB_TRY: where a failure is not an Error but something
/// that is stored, such as a Rejection. T and E must not convert to each other.
template <class T, class E>
using Either =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, E, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// The value of a Result<void> that succeeded.
inline auto ok() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

/// A failure to return: `return fail(Code::kInvalid, "not a number: " + text);`
inline Error fail(Code code, std::string message) { return Error{code, std::move(message)}; }

/// A Result with context added when it is a failure: `MB_TRY(auto db, in("open ledger",
/// Db::open(p)));`
template <class T>
[[nodiscard]] Result<T> in(std::string_view what, Result<T> result) {
  if (!result) return std::move(result).error().in(what);
  return result;
}

}  // namespace meterbill

/// MB_TRY(auto x, expression): x is the value, or the failure is returned. MB_TRYV(expression): the
/// same without value.
#define MB_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define MB_TRYV(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
