#include "report/evidence_printer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

constexpr std::size_t kDifferingShown = 20;

std::string shown(const ShownBytes& bytes) {
  return bytes.is_base64 ? bytes.text + " (base64)" : bytes.text;
}

/// "machine: cpu 1500 (+500), memory 7; covers more time, final".
std::string reading_text(const Reading& reading, const Growth& growth) {
  std::string text;
  for (const auto& [meter, quantity] : reading.used) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", meter.str(), quantity);
    const auto grown = growth.used.find(meter);
    if (grown != growth.used.end()) text += fmt::format(" (+{})", grown->second);
  }
  if (growth.is_first) text += "; first of its scope";
  if (growth.has_time) text += "; more time";
  if (growth.is_final) text += "; final";
  if (growth.is_empty()) text += "; nothing new";
  return reading.scope.str() + ": " + text;
}

std::string message_text(const EvidenceMessage& message, const std::vector<Growth>& growth,
                         const std::string& machine) {
  std::string text = fmt::format("\nBatch {}, ordinal {}\n", message.batch, message.ordinal);
  text += labelled("Source", fmt::format("{} partition {} offset {}", message.source,
                                         message.partition, message.offset));
  text += labelled("Recorded", fmt::format("{}, applied {}", to_string(message.recorded),
                                           to_string(message.applied)));
  if (message.is_released)
    text += labelled("Released", "out of quarantine, by an operator's decision");
  if (message.machine != machine) text += labelled("Came as", message.machine);
  text += labelled("Epoch", message.epoch);
  for (std::size_t i = 0; i < message.readings.size(); ++i)
    text += labelled(i == 0 ? "Says" : "", reading_text(message.readings[i], growth[i]));
  if (!message.key.text.empty()) text += labelled("Key", shown(message.key));
  for (std::size_t i = 0; i < message.headers.size(); ++i)
    text += labelled(i == 0 ? "Headers" : "",
                     shown(message.headers[i].name) + ": " + shown(message.headers[i].value));
  text += labelled("SHA-256", message.value_sha256);
  text += labelled("Value", fmt::format("{} bytes{}", message.value_bytes,
                                        message.value.is_base64 ? ", in base64" : ""));
  // Text is shown as it came only where that is printable; a worker of another version may err.
  return text + printable(message.value.text) + "\n";
}

std::string verdict_text(const EvidencePage& last, const EvidenceVerdict& verdict,
                         std::int64_t messages) {
  const auto differing = static_cast<std::int64_t>(verdict.differing.size());
  const std::string by = messages == 1 ? "this message says" : "these messages say";
  if (verdict.totals == 0 && messages == 0) return "the ledger has no usage of it";
  if (verdict.explained == Explained::kWhole)
    return fmt::format("all {} totals of the ledger are what {}", verdict.totals, by);
  const std::string part =
      fmt::format("{} of {} totals of the ledger", verdict.totals - differing, verdict.totals);
  if (verdict.explained == Explained::kNotKept)
    return fmt::format(
        "{} are what {}; the messages behind the others are not kept any more: evidence of what "
        "was "
        "applied until {} is forgotten (evidence.keep, evidence.max_bytes)",
        part, messages == 0 ? "kept messages say" : by, to_string(*last.forgotten));
  return fmt::format(
      "{} are what {}: ledger and evidence contradict each other, and nothing that was forgotten "
      "can explain it; compare with a backup, and report it",
      part, messages == 0 ? "kept messages say" : by);
}

std::string differing_text(const EvidenceVerdict& verdict) {
  std::string text;
  for (std::size_t i = 0; i < std::min(verdict.differing.size(), kDifferingShown); ++i) {
    const DifferingTotal& total = verdict.differing[i];
    text += labelled(
        i == 0 ? "Differing" : "",
        fmt::format("{} {}: the ledger has {}, the messages {} (epoch {})", total.scope.str(),
                    total.meter.str(), total.stored, total.kept, total.epoch));
  }
  if (verdict.differing.size() > kDifferingShown)
    text += labelled(
        "", fmt::format("and {} more: --json has all", verdict.differing.size() - kDifferingShown));
  return text;
}

void write_growth(JsonWriter& json, const std::vector<Growth>& growth) {
  json.begin_array("grew");
  for (const Growth& grown : growth) {
    if (grown.is_empty()) continue;
    json.begin_object().string("scope", grown.scope.str()).begin_object("used");
    for (const auto& [meter, by] : grown.used) json.string(meter.str(), std::to_string(by));
    json.end_object()
        .boolean("first", grown.is_first)
        .boolean("time", grown.has_time)
        .boolean("final", grown.is_final)
        .end_object();
  }
  json.end_array();
}

void write_verdict(JsonWriter& json, const EvidenceVerdict& verdict) {
  json.begin_object("explained")
      .string("verdict", to_string(verdict.explained))
      .integer("totals", verdict.totals)
      .begin_array("differing");
  for (const DifferingTotal& total : verdict.differing)
    json.begin_object()
        .string("machine", total.machine)
        .string("epoch", total.epoch)
        .string("scope", total.scope.str())
        .string("meter", total.meter.str())
        .string("stored", std::to_string(total.stored))
        .string("kept", std::to_string(total.kept))
        .end_object();
  json.end_array().end_object();
}

}  // namespace

std::string EvidencePrinter::begin(const EvidencePage& page) {
  machine_ = page.machine.str();
  if (format_ == EvidenceFormat::kText)
    return printable(fmt::format("Evidence of {} in slot {}", machine_, to_string(page.slot))) +
           "\n";
  json_.begin_object()
      .string("machine", machine_)
      .string("slot", to_string(page.slot))
      .begin_array("messages");
  return json_.take();
}

std::string EvidencePrinter::add(const EvidenceMessage& message,
                                 const std::vector<Growth>& growth) {
  if (is_empty(growth)) return "";
  if (format_ == EvidenceFormat::kText) return message_text(message, growth, machine_);
  begin_message(json_, message);
  write_growth(json_, growth);
  json_.end_object();
  return json_.take();
}

std::string EvidencePrinter::end(const EvidencePage& last, const SlotEvidence& evidence) {
  const EvidenceVerdict verdict = evidence.compare(last);
  if (format_ == EvidenceFormat::kText)
    return "\n" + labelled("Explained", verdict_text(last, verdict, evidence.messages())) +
           differing_text(verdict);
  json_.end_array();
  write_stored(json_, last.stored);
  write_forgotten(json_, last.forgotten);
  write_verdict(json_, verdict);
  json_.end_object();
  return json_.take() + "\n";
}

}  // namespace meterbill
