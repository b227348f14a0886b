#include "cli/page_members.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/checked.h"

namespace meterbill {

namespace json = boost::json;

Error unexpected_member(std::string_view name) {
  return fail(Code::kUnavailable,
              fmt::format("the answer is not what was asked for ('{}' is missing or of another "
                          "kind): is it a worker of this version?",
                          name));
}

Result<const json::value*> required(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  const json::value* found = members == nullptr ? nullptr : members->if_contains(name);
  if (found == nullptr) return unexpected_member(name);
  return found;
}

Result<std::string> required_text(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, required(object, name));
  const json::string* value = found->if_string();
  if (value == nullptr) return unexpected_member(name);
  return std::string(*value);
}

Result<const json::array*> required_array(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, required(object, name));
  const json::array* value = found->if_array();
  if (value == nullptr) return unexpected_member(name);
  return value;
}

Result<std::int64_t> required_integer(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, required(object, name));
  const std::int64_t* value = found->if_int64();
  if (value == nullptr) return unexpected_member(name);
  return *value;
}

Result<std::int64_t> required_count(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, required(object, name));
  if (const std::int64_t* value = found->if_int64(); value != nullptr && *value >= 0) return *value;
  if (const json::string* text = found->if_string(); text != nullptr) {
    const auto count = parse_count(std::string_view(text->data(), text->size()));
    if (count) return count.value();
  }
  return unexpected_member(name);
}

Result<bool> required_flag(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, required(object, name));
  const bool* value = found->if_bool();
  if (value == nullptr) return unexpected_member(name);
  return *value;
}

Result<UtcTime> required_time(const json::value& object, std::string_view name) {
  MB_TRY(const std::string text, required_text(object, name));
  const auto time = parse_utc(text);
  if (!time) return unexpected_member(name);
  return time.value();
}

Result<Slot> required_slot(const json::value& object, std::string_view name) {
  MB_TRY(const std::string text, required_text(object, name));
  const auto slot = Slot::parse(text);
  if (!slot) return unexpected_member(name);
  return slot.value();
}

}  // namespace meterbill
