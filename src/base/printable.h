#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// `text` as it may be shown to people, on one line: whatever it holds, it can neither steer a
/// terminal, nor begin a second line, nor show its characters in another order than they stand in.
/// Controls (C0, DEL, C1), format characters (Unicode's Cf: bidirectional marks, invisible ones)
/// and the separators U+2028 and U+2029 become `\x1b` or `\u202e`; bytes that are no UTF-8 become
/// `\xff`. All else stays. For text reports, logs and errors; JSON and CSV stay exact.
[[nodiscard]] std::string printable(std::string_view text);

/// The same, but with its line ends: for a text of several lines that somebody else wrote.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace meterbill
