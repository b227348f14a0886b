#include "cli/json_members.h"

#include <boost/json.hpp>

namespace meterbill {

namespace json = boost::json;

Result<json::value> parse_answer(const std::string& body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (error)
    return fail(Code::kUnavailable, "the service did not answer in JSON: is it MeterBill?");
  return value;
}

std::string text_of(const json::value& object, std::string_view name) {
  if (!object.is_object()) return "";
  const json::value* member = object.as_object().if_contains(name);
  if (member == nullptr || member->is_null()) return "";
  return member->is_string() ? std::string(member->as_string()) : json::serialize(*member);
}

std::string second_text(const json::value& object, std::string_view name) {
  const std::string text = text_of(object, name);
  const std::size_t point = text.find('.');
  return point == std::string::npos ? text : text.substr(0, point) + "Z";
}

std::int64_t number_of(const json::value& object, std::string_view name) {
  const json::value& member = member_of(object, name);
  return member.is_int64() ? member.as_int64() : 0;
}

bool is_true(const json::value& object, std::string_view name) {
  const json::value& member = member_of(object, name);
  return member.is_bool() && member.as_bool();
}

const json::value& member_of(const json::value& object, std::string_view name) {
  static const json::value kNone = json::object();
  if (!object.is_object()) return kNone;
  const json::value* member = object.as_object().if_contains(name);
  return member == nullptr ? kNone : *member;
}

const json::array& array_of(const json::value& object, std::string_view name) {
  static const json::array kNone;
  const json::value& member = member_of(object, name);
  return member.is_array() ? member.as_array() : kNone;
}

}  // namespace meterbill
