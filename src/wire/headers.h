#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
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
    friend bool operator==(const View&, const View&) = default;
    friend bool operator==(const View& view, const Header& header) {
      return view.name == header.name && view.value == header.value;
    }
  };

  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    using pointer = const View*;
    using reference = View;

    const_iterator() = default;
    explicit const_iterator(const char* at) : at_(at) {}
    View operator*() const {
      const auto [name, value] = sizes();
      return {{at_ + kSizes, name}, {at_ + kSizes + name, value}};
    }
    const_iterator& operator++() {
      const auto [name, value] = sizes();
      at_ += kSizes + name + value;
      return *this;
    }
    const_iterator operator++(int) {
      const const_iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

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

    const char* at_ = nullptr;
  };
  using iterator = const_iterator;
  using value_type = View;

  Headers() = default;
  Headers(std::initializer_list<Header> headers) {
    for (const Header& header : headers) add(header.name, header.value);
  }
  Headers(const std::vector<Header>& headers) {  // NOLINT(google-explicit-constructor): as a list
    for (const Header& header : headers) add(header.name, header.value);
  }

  /// REQUIRES: each shorter than 4 GiB, as every record is.
  void add(std::string_view name, std::string_view value) {
    const const_iterator::Sizes sizes{static_cast<std::uint32_t>(name.size()),
                                      static_cast<std::uint32_t>(value.size())};
    packed_.append(reinterpret_cast<const char*>(&sizes), sizeof sizes);
    packed_ += name;
    packed_ += value;
    ++size_;
  }
  /// Room for `count` headers of so many bytes, names and values together.
  void reserve(std::size_t count, std::size_t bytes) {
    packed_.reserve(count * const_iterator::kSizes + bytes);
  }
  void clear() { *this = {}; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Of all names and values together.
  [[nodiscard]] std::size_t bytes() const {
    return packed_.size() - size_ * const_iterator::kSizes;
  }
  [[nodiscard]] const_iterator begin() const { return const_iterator(packed_.data()); }
  [[nodiscard]] const_iterator end() const {
    return const_iterator(packed_.data() + packed_.size());
  }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::string packed_;  ///< of each: the sizes of name and value, then both
  std::size_t size_ = 0;
};

}  // namespace meterbill
