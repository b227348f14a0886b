#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace meterbill {

/// A name of one kind, so that a scope is never passed where a machine is meant. Validation is
/// where the text comes in (wire, configuration); this type carries what was accepted.
template <class Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend auto operator<=>(const StrongString&, const StrongString&) = default;
  friend bool operator==(const StrongString&, const StrongString&) = default;

 private:
  std::string text_;
};

}  // namespace meterbill

template <class Tag>
struct std::hash<meterbill::StrongString<Tag>> {
  std::size_t operator()(const meterbill::StrongString<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
