#include "cli/raw_usage.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/evidence_page_reader.h"
#include "report/evidence_printer.h"

namespace meterbill {
namespace {

Result<void> check_flags(const Arguments& arguments) {
  for (const char* const flag : {"machine", "slot"})
    if (arguments.value(flag).value_or("").empty())
      return fail(Code::kUsage,
                  fmt::format("--raw is about one slot of one machine: --{} is missing", flag));
  for (const char* const flag : {"period", "by", "csv"})
    if (arguments.has(flag))
      return fail(Code::kUsage, fmt::format("--{} and --raw cannot be given together", flag));
  const auto slot = Slot::parse(arguments.value("slot").value_or(""));
  if (!slot) return fail(Code::kUsage, "--slot: " + slot.error().message);
  return ok();
}

/// Asks for one page after the other.
class EvidencePages {
 public:
  EvidencePages(const ServiceAccess& access, const Arguments& arguments)
      : access_(access), arguments_(arguments) {}

  Result<EvidencePage> ask() {
    MB_TRY(
        const std::string body,
        read_worker(access_, arguments_,
                    make_target("/api/v1/evidence", {{"machine", value("machine")},
                                                     {"slot", value("slot")},
                                                     {"scope", value("scope")},
                                                     {"next", next_ ? to_string(*next_) : ""}})));
    MB_TRY(EvidencePage page, read_evidence_page(body));
    if (page.next && page.next == next_)
      return fail(Code::kUnavailable, "the worker gives the same page again and again");
    next_ = page.next;
    return page;
  }

 private:
  [[nodiscard]] std::string value(std::string_view flag) const {
    return arguments_.value(flag).value_or("");
  }

  const ServiceAccess& access_;
  const Arguments& arguments_;
  std::optional<EvidenceCursor> next_;
};

}  // namespace

Result<int> print_raw_usage(const ServiceAccess& access, const Arguments& arguments,
                            const Terminal& terminal) {
  MB_TRYV(check_flags(arguments));
  std::ostream& out = terminal.out;
  EvidencePages pages(access, arguments);
  MB_TRY(EvidencePage page, pages.ask());
  EvidencePrinter printer(arguments.has("json") ? EvidenceFormat::kJson : EvidenceFormat::kText);
  SlotEvidence evidence;
  out << printer.begin(page);
  for (;;) {
    for (const EvidenceMessage& message : page.messages) {
      MB_TRY(const auto growth, evidence.add(message));
      out << printer.add(message, growth);
    }
    out.flush();
    if (!out.good()) return static_cast<int>(kExitOk);  // Cli says so
    if (!page.next) break;
    auto next = pages.ask();
    if (!next)
      return fail(next.error().code,
                  fmt::format("what is printed ends after {} messages and is not all: {}",
                              evidence.messages(), next.error().message));
    page = std::move(next).value();
  }
  out << printer.end(page, evidence);
  const bool differs = evidence.compare(page).explained == Explained::kDiffers;
  return static_cast<int>(differs ? kExitData : kExitOk);
}

}  // namespace meterbill
