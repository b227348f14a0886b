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
  if (gap.after)
    json.string("after", to_string(*gap.after));
  else
    json.null("after");
  json.string("detected", to_string(gap.detected))
      .string("text", to_string(gap) + ". " + kGapMeaning)
      .end_object();
}

}  // namespace meterbill
