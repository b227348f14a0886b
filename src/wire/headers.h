#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace meterbill {

/// A Kafka header or its HTTP counterpart, exact bytes.
struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

/// The headers of one delivery, in order, in one piece of memory. Not a vector of Header: that is a
/// dozen allocations a record, and making and freeing them costs a busy worker as much as reading
/// the record.
class Headers {
 public:
  /// One of them; valid until the headers change.
  struct View {
    std::string_view name;
    std::string_view value;
  };

  /// `for (const auto [name, value] : headers)`.
  class Iterator {
   public:
    explicit Iterator(const char* at) : at_(at) {}
    View operator*() const {
      const auto [name, value] = sizes();
      return {{at_ + kSizes, name}, {at_ + kSizes + name, value}};
    }
    Iterator& operator++() {
      const auto [name, value] = sizes();
      at_ += kSizes + name + value;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    struct Sizes {
      std::uint32_t name = 0;
      std::uint32_t value = 0;
    };
    static constexpr std::size_t kSizes = sizeof(Sizes);
    friend class Headers;

    [[nodiscard]] Sizes sizes() const {
      Sizes sizes;
      std::memcpy(&sizes, at_, kSizes);
      return sizes;
    }

    const char* at_;
  };

  Headers() = default;
  Headers(std::initializer_list<Header> headers) {
    for (const Header& header : headers) add(header.name, header.value);
  }
  Headers(const std::vector<Header>& headers) {  // NOLINT(google-explicit-constructor): as a list
    for (const Header& header : headers) add(header.name, header.value);
  }

  /// REQUIRES: each shorter than 4 GiB, as every record is.
  void add(std::string_view name, std::string_view value) {
    const Iterator::Sizes sizes{static_cast<std::uint32_t>(name.size()),
                                static_cast<std::uint32_t>(value.size())};
    packed_.append(reinterpret_cast<const char*>(&sizes), sizeof sizes);
    packed_ += name;
    packed_ += value;
    ++size_;
  }
  /// Room for `count` headers of so many bytes, names and values together.
  void reserve(std::size_t count, std::size_t bytes) {
    packed_.reserve(count * Iterator::kSizes + bytes);
  }
  void clear() { *this = {}; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Of all names and values together.
  [[nodiscard]] std::size_t bytes() const { return packed_.size() - size_ * Iterator::kSizes; }
  [[nodiscard]] Iterator begin() const { return Iterator(packed_.data()); }
  [[nodiscard]] Iterator end() const { return Iterator(packed_.data() + packed_.size()); }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::string packed_;  ///< of each: the sizes of name and value, then both
  std::size_t size_ = 0;
};

}  // namespace meterbill
