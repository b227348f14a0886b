#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterbill {

/// Writes JSON (RFC 8259) front to back, compact, keys in the order given.
///
/// Not Boost.JSON: it writes 1.227 as 1.227E0, and a tree of a long export would stand in memory.
/// There is no floating point: an exact decimal is handed in as its text. Calls return *this, so
/// that an object reads as one sentence:
///   json.begin_object().string("currency", "EUR").number("cost", "1.227").end_object();
/// Misuse (a value without a key inside an object, an end that does not match) is our bug and ends
/// the program. One thread at a time.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();

  /// The name of the next value; inside objects only. Unique names are the caller's care.
  JsonWriter& key(std::string_view name);

  /// Any bytes; what is no UTF-8 becomes U+FFFD.
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t value);
  /// An exact number as it shall stand there: "1.227", "-5", up to any length. Text that is no JSON
  /// number (it may come from outside) is written as a string, so the document stays well-formed.
  JsonWriter& number(std::string_view text);
  JsonWriter& boolean(bool value);
  JsonWriter& null();

  // A member of an object in one call.
  JsonWriter& begin_object(std::string_view name) { return key(name).begin_object(); }
  JsonWriter& begin_array(std::string_view name) { return key(name).begin_array(); }
  JsonWriter& string(std::string_view name, std::string_view text) {
    return key(name).string(text);
  }
  JsonWriter& integer(std::string_view name, std::int64_t value) {
    return key(name).integer(value);
  }
  JsonWriter& number(std::string_view name, std::string_view text) {
    return key(name).number(text);
  }
  JsonWriter& boolean(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& null(std::string_view name) { return key(name).null(); }
  /// The text of `value`, as its `to_string` gives it, or null.
  template <class Value>
  JsonWriter& string_or_null(std::string_view name, const std::optional<Value>& value) {
    return value ? string(name, to_string(*value)) : null(name);
  }

  /// What has been written since the last `take`: a long document can be sent in parts.
  [[nodiscard]] std::string take();

  /// Every object and array that was begun has ended, and there is a value.
  [[nodiscard]] bool is_complete() const { return levels_.empty() && done_; }

 private:
  struct Level {
    bool is_object = false;
    bool has_values = false;
  };

  void before_value();
  JsonWriter& begin(bool is_object);
  JsonWriter& end(bool is_object);
  void after_value();

  std::string text_;
  std::vector<Level> levels_;
  bool has_key_ = false;  ///< a name stands there and waits for its value
  bool done_ = false;     ///< the one value of the document is written
};

}  // namespace meterbill
