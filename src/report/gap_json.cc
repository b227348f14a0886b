#include "report/gap_json.h"

namespace meterbill {

void write_gap(JsonWriter& json, const Gap& gap) {
  json.begin_object()
      .string("source", gap.source)
      .integer("partition", gap.partition)
      .integer("incarnation", gap.incarnation)
      .integer("from", gap.from)
      .integer("to", gap.to)
      .integer("records", gap.records());
  json.string_or_null("after", gap.after)
      .string("detected", to_string(gap.detected))
      .string("text", to_string(gap) + ". " + kGapMeaning)
      .end_object();
}

}  // namespace meterbill
