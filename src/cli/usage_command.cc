#include "cli/usage_command.h"

#include <fmt/format.h>

#include <iterator>
#include <ostream>

#include "cli/coverage_page_reader.h"
#include "cli/raw_usage.h"
#include "cli/usage_page_reader.h"
#include "report/coverage_printer.h"
#include "report/usage_printer.h"

namespace meterbill {
namespace {

std::vector<Flag> usage_flags() {
  std::vector<Flag> flags = period_flags();
  const Flag more[] = {
      {.name = "by", .value = "slot|hour|day", .help = "a row for each; day when not said"},
      {.name = "coverage",
       .value = "",
       .help = "the time metered, estimated, off and missing instead; in all, or for each --by"},
      {.name = "raw", .value = "", .help = "the messages that made one slot of a machine"},
      {.name = "slot", .value = "TIME", .help = "of --raw: the slot, 2026-11-22T10:15:00Z"},
      {.name = "scope", .value = "NAME", .help = "of --raw: only this scope"}};
  flags.insert(flags.begin() + 2, std::begin(more), std::end(more));
  return flags;
}

Result<UsageFormat> format_of(const Arguments& arguments) {
  MB_TRY(const std::string format, wanted_format(arguments));
  return format == "csv"    ? UsageFormat::kCsv
         : format == "json" ? UsageFormat::kJson
                            : UsageFormat::kText;
}

/// What one kind of page is asked with, read with and printed with.
struct UsagePages {
  static constexpr const char* kPath = "/api/v1/usage";
  using Page = UsagePage;
  using Printer = UsagePrinter;
  static Result<Page> read(const std::string& body) { return read_usage_page(body); }
};
struct CoveragePages {
  static constexpr const char* kPath = "/api/v1/coverage";
  using Page = CoveragePage;
  using Printer = CoveragePrinter;
  static Result<Page> read(const std::string& body) { return read_coverage_page(body); }
};

/// Asks for one page after the other.
template <class Kind>
class Pages {
 public:
  Pages(const ServiceAccess& access, const Arguments& arguments, std::string period)
      : access_(access), arguments_(arguments), period_(std::move(period)) {}

  /// The first page, then the one behind the page given last.
  Result<typename Kind::Page> ask() {
    MB_TRY(const std::string body,
           read_worker(access_, arguments_,
                       make_target(Kind::kPath, {{"machine", value("machine")},
                                                 {"period", period_},
                                                 {"by", value("by")},
                                                 {"next", next_ ? to_string(*next_) : ""}})));
    MB_TRY(typename Kind::Page page, Kind::read(body));
    if (page.next && page.next == next_)
      return fail(Code::kUnavailable, "the worker gives the same page again and again");
    next_ = page.next;
    period_ = page.period;  // `this-month` may be another one by the next page
    return page;
  }

  [[nodiscard]] bool is_last() const { return !next_; }

 private:
  [[nodiscard]] std::string value(std::string_view flag) const {
    return arguments_.value(flag).value_or("");
  }

  const ServiceAccess& access_;
  const Arguments& arguments_;
  std::string period_;
  std::optional<UsageCursor> next_;
};

template <class Kind>
Result<void> print(const ServiceAccess& access, const Arguments& arguments, std::ostream& out) {
  MB_TRY(const UsageFormat format, format_of(arguments));
  MB_TRY(std::string period, wanted_period(arguments));
  Pages<Kind> pages(access, arguments, std::move(period));
  MB_TRY(auto page, pages.ask());
  typename Kind::Printer printer(format, page);
  out << printer.begin();
  std::size_t rows = 0;
  for (;;) {
    for (const auto& piece : page.machines) {
      rows += piece.rows.size();
      out << printer.add(piece);
    }
    out.flush();
    if (!out.good()) return ok();  // Cli says so
    if (pages.is_last()) break;
    auto next = pages.ask();
    if (!next)
      return fail(next.error().code,
                  fmt::format("what is printed ends after {} rows and is not all: {}", rows,
                              next.error().message));
    page = std::move(next).value();
  }
  out << printer.end();
  return ok();
}

Result<int> show(const ServiceAccess& access, const Arguments& arguments,
                 const Terminal& terminal) {
  if (arguments.has("raw")) return print_raw_usage(access, arguments, terminal);
  for (const char* const flag : {"slot", "scope"})
    if (arguments.has(flag)) return fail(Code::kUsage, fmt::format("--{} goes with --raw", flag));
  if (arguments.has("coverage")) {
    MB_TRYV(print<CoveragePages>(access, arguments, terminal.out));
  } else {
    MB_TRYV(print<UsagePages>(access, arguments, terminal.out));
  }
  return static_cast<int>(kExitOk);
}

}  // namespace

Command usage_command(const ServiceAccess& access) {
  return {.path = {"usage"},
          .summary = "Shows what machines have used, or how much of their time is metered.",
          .run =
              [access](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, usage_flags(), 0);
                if (!arguments) return report(arguments.error(), terminal);
                const auto shown = show(access, arguments.value(), terminal);
                return shown ? shown.value() : report(shown.error(), terminal);
              },
          .operands = "",
          .flags = usage_flags()};
}

}  // namespace meterbill
