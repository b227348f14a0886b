#include "report/json_writer.h"

#include <utility>

#include "base/assert.h"
#include "base/json_text.h"

namespace meterbill {

void JsonWriter::before_value() {
  MB_ASSERT(!done_);
  if (levels_.empty()) return;
  Level& level = levels_.back();
  MB_ASSERT(level.is_object == has_key_);
  if (!level.is_object && level.has_values) text_ += ',';
  level.has_values = true;
  has_key_ = false;
}

void JsonWriter::after_value() { done_ = levels_.empty(); }

JsonWriter& JsonWriter::begin(bool is_object) {
  before_value();
  levels_.push_back({.is_object = is_object, .has_values = false});
  text_ += is_object ? '{' : '[';
  return *this;
}

JsonWriter& JsonWriter::end(bool is_object) {
  MB_ASSERT(!levels_.empty() && levels_.back().is_object == is_object && !has_key_);
  levels_.pop_back();
  text_ += is_object ? '}' : ']';
  after_value();
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return begin(true); }
JsonWriter& JsonWriter::end_object() { return end(true); }
JsonWriter& JsonWriter::begin_array() { return begin(false); }
JsonWriter& JsonWriter::end_array() { return end(false); }

JsonWriter& JsonWriter::key(std::string_view name) {
  MB_ASSERT(!levels_.empty() && levels_.back().is_object && !has_key_);
  if (levels_.back().has_values) text_ += ',';
  append_json_text(text_, name);
  text_ += ':';
  has_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  before_value();
  append_json_text(text_, text);
  after_value();
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  before_value();
  text_ += std::to_string(value);
  after_value();
  return *this;
}

JsonWriter& JsonWriter::number(std::string_view text) {
  if (!is_json_number(text)) return string(text);
  before_value();
  text_ += text;
  after_value();
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  before_value();
  text_ += value ? "true" : "false";
  after_value();
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  text_ += "null";
  after_value();
  return *this;
}

std::string JsonWriter::take() { return std::exchange(text_, std::string()); }

}  // namespace meterbill
