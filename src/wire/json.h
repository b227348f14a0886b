#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/reason.h"

namespace meterbill {

/// A value, or why it cannot be read.
template <class T>
using Read = Either<T, Rejection>;

inline constexpr std::size_t kJsonDepthMax = 32;

/// What a parsed text consists of: values in document order, each followed by its children.
struct JsonNodes {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  struct Span {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Node {
    Kind kind = Kind::kNull;
    Span key;                 ///< of a member of an object
    Span text;                ///< of a scalar
    std::uint32_t next = 0;   ///< index behind the last descendant
    std::uint32_t count = 0;  ///< of children
  };
  std::vector<Node> nodes;
  std::string text;  ///< what the spans point into
};

/// One value of a JsonDocument: a view, valid as long as the document is.
class JsonValue {
 public:
  using Kind = JsonNodes::Kind;

  JsonValue(const JsonNodes& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  [[nodiscard]] Kind kind() const { return node().kind; }
  [[nodiscard]] bool is(Kind kind) const { return node().kind == kind; }
  /// Name of a member of an object, unescaped.
  [[nodiscard]] std::string_view key() const { return at(node().key); }
  /// A string unescaped, any other scalar as it was written; empty for arrays and objects.
  [[nodiscard]] std::string_view text() const { return at(node().text); }
  /// Number of elements or members.
  [[nodiscard]] std::size_t size() const { return node().count; }
  /// The member of that name; nothing when there is none, or this is no object.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key) const;

  /// Walks over elements or members: `for (const JsonValue child : value)`.
  class Iterator {
   public:
    Iterator(const JsonNodes& tree, std::uint32_t index) : tree_(&tree), index_(index) {}
    JsonValue operator*() const { return {*tree_, index_}; }
    Iterator& operator++() {
      index_ = tree_->nodes[index_].next;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const JsonNodes* tree_;
    std::uint32_t index_;
  };
  [[nodiscard]] Iterator begin() const { return {*tree_, index_ + 1}; }
  [[nodiscard]] Iterator end() const { return {*tree_, node().next}; }

 private:
  [[nodiscard]] const JsonNodes::Node& node() const { return tree_->nodes[index_]; }
  [[nodiscard]] std::string_view at(JsonNodes::Span span) const {
    return std::string_view(tree_->text).substr(span.at, span.size);
  }

  const JsonNodes* tree_;
  std::uint32_t index_;
};

/// A whole JSON text of RFC 8259, checked to the last byte: grammar, UTF-8, no key twice in an
/// object. Not simdjson's DOM: that turns numbers into doubles and their text is lost. Not its
/// On-Demand values: those accept what nobody looked at. Owns its text; moving it keeps values
/// valid.
class JsonDocument {
 public:
  /// Gives the memory to the next document of the thread: a worker reads one after the other.
  struct PutBack {
    void operator()(JsonNodes* tree) const;
  };
  using Tree = std::unique_ptr<JsonNodes, PutBack>;

  /// `tree`: an array, of which the one element is the document.
  explicit JsonDocument(Tree tree) : tree_(std::move(tree)) {}
  [[nodiscard]] JsonValue root() const { return {*tree_, 1}; }

 private:
  Tree tree_;
};

/// kNotJson, kNotUtf8, kDuplicateKey, or kTooDeep beyond kJsonDepthMax. Safe from any thread.
[[nodiscard]] Read<JsonDocument> parse_json(std::string_view text);

}  // namespace meterbill
