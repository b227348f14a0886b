#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterbill {

/// The answer of a service as JSON. kUnavailable when it is none: another web server answers there.
[[nodiscard]] Result<boost::json::value> parse_answer(const std::string& body);

/// A member as text: strings as they are, all else as JSON; empty when absent or null.
[[nodiscard]] std::string text_of(const boost::json::value& object, std::string_view name);

/// A member that is a time, without the fraction of its second.
[[nodiscard]] std::string second_text(const boost::json::value& object, std::string_view name);

/// A member as a whole number; 0 when it is none.
[[nodiscard]] std::int64_t number_of(const boost::json::value& object, std::string_view name);

/// A member that is true.
[[nodiscard]] bool is_true(const boost::json::value& object, std::string_view name);

/// A member; an empty object when absent.
[[nodiscard]] const boost::json::value& member_of(const boost::json::value& object,
                                                  std::string_view name);

/// The elements of a member; none when it is no array.
[[nodiscard]] const boost::json::array& array_of(const boost::json::value& object,
                                                 std::string_view name);

}  // namespace meterbill
