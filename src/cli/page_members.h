#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "domain/slot.h"

// Members of an answer that must be there: each kUnavailable, naming the member, when it is missing
// or of another kind. Another program listens there then, or one of another version.
namespace meterbill {

[[nodiscard]] Error unexpected_member(std::string_view name);
[[nodiscard]] Result<const boost::json::value*> required(const boost::json::value& object,
                                                         std::string_view name);
[[nodiscard]] Result<std::string> required_text(const boost::json::value& object,
                                                std::string_view name);
[[nodiscard]] Result<const boost::json::array*> required_array(const boost::json::value& object,
                                                               std::string_view name);
/// A whole number of at least 0, as such or as its text.
[[nodiscard]] Result<std::int64_t> required_count(const boost::json::value& object,
                                                  std::string_view name);
/// A whole number.
[[nodiscard]] Result<std::int64_t> required_integer(const boost::json::value& object,
                                                    std::string_view name);
[[nodiscard]] Result<bool> required_flag(const boost::json::value& object, std::string_view name);
[[nodiscard]] Result<UtcTime> required_time(const boost::json::value& object,
                                            std::string_view name);
[[nodiscard]] Result<Slot> required_slot(const boost::json::value& object, std::string_view name);

}  // namespace meterbill
