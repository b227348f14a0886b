#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// Text of any origin as roff shows it: nothing in it is a request or an escape, and a hyphen stays
/// the character that people copy. What stands between backticks is bold. At a no-break space
/// (U+00A0) no line is broken. ASCII only, in lines that fit an editor; ends with a newline.
[[nodiscard]] std::string roff_text(std::string_view text);

/// A manual page in roff, for man(7). Texts are plain, with backticks around what is literal.
class ManPage {
 public:
  /// `name` is lower case; `section` 1, 5 or 8.
  ManPage(std::string_view name, int section, std::string_view summary);

  void heading(std::string_view text);
  void subheading(std::string_view text);
  void paragraph(std::string_view text);
  /// A term with what it means, indented.
  void item(std::string_view term, std::string_view meaning);
  /// A further paragraph of the last item.
  void more(std::string_view text);
  /// Lines that stay as they are.
  void example(std::string_view lines);
  /// "SEE ALSO": `meterbill(1)` and so on, each bold up to its bracket.
  void see_also(std::string_view pages);

  [[nodiscard]] const std::string& roff() const { return roff_; }

 private:
  std::string roff_;
};

}  // namespace meterbill
