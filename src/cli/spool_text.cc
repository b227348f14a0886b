#include "cli/spool_text.h"

#include <fmt/format.h>

#include <utility>

#include "cli/units_text.h"
#include "report/evidence_page.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

std::string state_of(const SpoolRow& row) {
  if (!row.aside.empty()) return "aside";
  if (!row.waits()) return "acknowledged";
  return row.offered == row.version ? "offered" : "waiting";
}

/// "service:a: offered, version 3 (offered 3, acknowledged 2), final; cpu 1500000".
std::string row_text(const SpoolRow& row) {
  std::string text =
      fmt::format("{}: {}, version {} (offered {}, acknowledged {})", row.reading.scope.str(),
                  state_of(row), row.version, row.offered, row.acknowledged);
  if (row.reading.final) text += ", final";
  if (row.reading.scopes > 0) text += ", " + count_text(row.reading.scopes, "scope");
  if (row.is_repeated) text += ", sent once more";
  std::string separator = "; ";
  for (const auto& [meter, quantity] : row.reading.used) {
    text += fmt::format("{}{} {}", separator, meter.str(), quantity);
    separator = ", ";
  }
  return text;
}

std::string epoch_text(const SpoolRow& row) {
  std::string text = fmt::format("{} of {}, boot {}", row.epoch, row.machine, row.boot);
  if (!row.labels.empty()) text += ", " + to_text(row.labels);
  return text;
}

void write_row(JsonWriter& json, const SpoolRow& row) {
  json.begin_object()
      .string("machine", row.machine)
      .string("epoch", row.epoch)
      .string("boot_id", row.boot)
      .begin_object("labels");
  for (const auto& [key, value] : row.labels) json.string(key, value);
  json.end_object().string("slot", to_string(row.reading.slot)).key("reading");
  write_reading(json, row.reading);
  json.string("state", state_of(row))
      .integer("version", row.version)
      .integer("offered", row.offered)
      .integer("acknowledged", row.acknowledged)
      .boolean("repeated", row.is_repeated);
  json.string_or_null("acknowledged_at", row.acknowledged_at);
  json.string("aside", row.aside);
  json.string_or_null("aside_since", row.aside_since);
  json.end_object();
}

std::string rows_of(std::int64_t rows) { return count_text(rows, "row"); }

std::string folded_text(const Folded& folded) {
  return fmt::format(
      "{} of the slots {} to {} are booked in `other`, for want of room, {}", rows_of(folded.rows),
      to_string(folded.first_slot), to_string(folded.last_slot),
      folded.going_on_since ? "since " + to_string(*folded.going_on_since)
                            : fmt::format("between {} and {}", to_string(folded.first_at),
                                          to_string(folded.last_at)));
}

void write_folded(JsonWriter& json, const std::optional<Folded>& folded) {
  if (!folded) {
    json.null();
    return;
  }
  json.begin_object()
      .integer("rows", folded->rows)
      .string("first_slot", to_string(folded->first_slot))
      .string("last_slot", to_string(folded->last_slot))
      .string("first_at", to_string(folded->first_at))
      .string("last_at", to_string(folded->last_at))
      .string_or_null("going_on_since", folded->going_on_since);
  json.end_object();
}

}  // namespace

std::string SpoolPrinter::begin() {
  if (!as_json_) return labelled("Spool", path_);
  json_.begin_object().string("spool", path_).begin_array("rows");
  return json_.take();
}

std::string SpoolPrinter::add(const SpoolRow& row) {
  ++rows_;
  if (row.waits()) ++waiting_;
  if (!row.aside.empty()) ++aside_;
  if (as_json_) {
    write_row(json_, row);
    return json_.take();
  }
  std::string text;
  const bool is_new = std::exchange(epoch_, row.epoch) != row.epoch;
  if (is_new) text += "\n" + labelled("Epoch", epoch_text(row));
  if (std::exchange(slot_, row.reading.slot) != row.reading.slot || is_new)
    text += labelled("Slot", to_string(row.reading.slot));
  text += labelled("", row_text(row));
  if (!row.aside.empty())
    text += labelled(
        "", fmt::format("refused{}: {}", row.aside_since ? " " + to_string(*row.aside_since) : "",
                        row.aside));
  return text;
}

std::string SpoolPrinter::end(const std::optional<Folded>& folded) {
  if (as_json_) {
    json_.end_array().integer("waiting", waiting_).integer("aside", aside_).key("folded");
    write_folded(json_, folded);
    json_.end_object();
    return json_.take() + "\n";
  }
  return (folded ? "\n" + labelled("Folded", folded_text(*folded)) : "") + "\n" +
         labelled("Kept",
                  fmt::format("{}: {} wait, {} set aside", rows_of(rows_), waiting_, aside_));
}

std::string spool_faults_text(const std::string& path, const std::vector<SpoolFault>& faults) {
  if (faults.empty())
    return labelled("Spool", path) + labelled("Sound", "nothing is wrong with it");
  std::string text = labelled("Spool", path);
  for (const SpoolFault& fault : faults) text += labelled("Wrong", fault.where + ": " + fault.what);
  if (faults.size() == kSpoolFaultsMax)
    text += labelled("", fmt::format("these are the first {}", kSpoolFaultsMax));
  return text + labelled("Remedy",
                         "keep a copy of the file, and report this with it. An agent that is "
                         "started goes on with what it can read; a damaged file it keeps under "
                         "another name, and begins a new one");
}

std::string spool_faults_json(const std::string& path, const std::vector<SpoolFault>& faults) {
  JsonWriter json;
  json.begin_object().string("spool", path).boolean("sound", faults.empty()).begin_array("faults");
  for (const SpoolFault& fault : faults)
    json.begin_object().string("where", fault.where).string("what", fault.what).end_object();
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace meterbill
