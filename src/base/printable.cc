#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace meterbill {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// General categories Cc, Cf, Zl and Zp of Unicode 15.
constexpr std::array kHidden{
    Range{0x00, 0x1F},       Range{0x7F, 0x9F},       Range{0xAD, 0xAD},
    Range{0x600, 0x605},     Range{0x61C, 0x61C},     Range{0x6DD, 0x6DD},
    Range{0x70F, 0x70F},     Range{0x890, 0x891},     Range{0x8E2, 0x8E2},
    Range{0x180E, 0x180E},   Range{0x200B, 0x200F},   Range{0x2028, 0x202E},
    Range{0x2060, 0x2064},   Range{0x2066, 0x206F},   Range{0xFEFF, 0xFEFF},
    Range{0xFFF9, 0xFFFB},   Range{0x110BD, 0x110BD}, Range{0x110CD, 0x110CD},
    Range{0x13430, 0x1343F}, Range{0x1BCA0, 0x1BCA3}, Range{0x1D173, 0x1D17A},
    Range{0xE0001, 0xE0001}, Range{0xE0020, 0xE007F}};

bool is_hidden(char32_t point) {
  return std::ranges::any_of(
      kHidden, [point](const Range& range) { return point >= range.first && point <= range.last; });
}

std::string escaped(char32_t point) {
  const auto number = static_cast<std::uint32_t>(point);
  if (number < 0x80) return fmt::format("\\x{:02x}", number);
  return number <= 0xFFFF ? fmt::format("\\u{:04x}", number) : fmt::format("\\U{:08x}", number);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t bytes = utf8_sequence(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(bytes, 1));
    text.remove_prefix(sequence.size());
    if (bytes == 0) {
      shown += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(sequence.front()));
      continue;
    }
    const char32_t point = utf8_code_point(sequence);
    shown += is_hidden(point) ? escaped(point) : std::string(sequence);
  }
  return shown;
}

std::string printable_lines(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    shown += printable(text.substr(0, end));
    if (end < text.size()) shown += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shown;
}

}  // namespace meterbill
