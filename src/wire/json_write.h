#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// Appends `text` as a JSON string. REQUIRES: UTF-8. Only what RFC 8259 demands is escaped.
void append_json_string(std::string& out, std::string_view text);

/// Appends `"name":`, after a comma unless it is the first of its object.
void append_json_key(std::string& out, std::string_view name);

/// Appends `"name":"text"`.
void append_json_member(std::string& out, std::string_view name, std::string_view text);

}  // namespace meterbill
