#include "report/metrics_text.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/json_text.h"

namespace meterbill {
namespace {

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes what stands before the next `separator` out of `text`.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trim(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// "0.75" as 750; 0 when it is no weight (RFC 9110 §12.4.2).
int weight_of(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int weight = (text[0] - '0') * 1000;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return 0;
  int place = 100;
  for (const char digit : text.substr(2)) {
    if (digit < '0' || digit > '9') return 0;
    weight += (digit - '0') * place;
    place /= 10;
  }
  return std::min(weight, 1000);
}

struct MediaRange {
  std::string_view type;
  std::string_view version;
  int weight = 1000;
};

MediaRange parse_range(std::string_view text) {
  MediaRange range;
  range.type = next_part(text, ';');
  while (!text.empty()) {
    std::string_view value = next_part(text, ';');
    const std::string_view name = next_part(value, '=');
    if (same_ignoring_case(name, "q")) range.weight = weight_of(value);
    if (same_ignoring_case(name, "version")) range.version = value;
  }
  return range;
}

std::string_view type_text(MetricKind kind, MetricsFormat format) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kInfo:
      return format == MetricsFormat::kOpenMetrics ? "info" : "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "unknown";
}

std::string_view suffix_of(MetricKind kind) {
  if (kind == MetricKind::kCounter) return "_total";
  if (kind == MetricKind::kInfo) return "_info";
  return "";
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

bool is_name(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

bool is_well_named(const MetricFamily& family) {
  const std::string_view name = family.name;
  const bool ours = name.starts_with("meterbill_") || name.starts_with("process_");
  const bool unit = family.unit.empty() || name.ends_with("_" + std::string(family.unit));
  return is_name(name) && ours && unit && !name.ends_with("_total") && !name.ends_with("_info");
}

}  // namespace

MetricsFormat choose_metrics_format(std::string_view accept) {
  int open_metrics = 0;
  int plain = 0;
  while (!accept.empty()) {
    const MediaRange range = parse_range(next_part(accept, ','));
    const bool version = range.version.empty() || range.version == "1.0.0";
    if (same_ignoring_case(range.type, kOpenMetricsType) && version) {
      open_metrics = std::max(open_metrics, range.weight);
    } else if (same_ignoring_case(range.type, "text/plain")) {
      plain = std::max(plain, range.weight);
    }
  }
  return open_metrics > 0 && open_metrics >= plain ? MetricsFormat::kOpenMetrics
                                                   : MetricsFormat::kPrometheus;
}

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

MetricsText& MetricsText::family(const MetricFamily& family) {
  MB_ASSERT(is_well_named(family));
  MB_ASSERT(std::ranges::find(seen_, family.name) == seen_.end());
  seen_.emplace_back(family.name);
  family_ = family;
  const bool open = format_ == MetricsFormat::kOpenMetrics;
  std::string name(family.name);
  if (!open) name += suffix_of(family.kind);
  text_ += "# TYPE " + name + " " + std::string(type_text(family.kind, format_)) + "\n";
  if (open && !family.unit.empty())
    text_ += "# UNIT " + name + " " + std::string(family.unit) + "\n";
  text_ += "# HELP " + name + " ";
  append_escaped(text_, family.help, open);
  text_ += "\n";
  return *this;
}

MetricsText& MetricsText::sample(std::int64_t value, MetricLabels labels) {
  return sample(std::to_string(value), labels);
}

MetricsText& MetricsText::sample(std::string_view decimal, MetricLabels labels) {
  MB_ASSERT(!seen_.empty() && family_.kind != MetricKind::kHistogram);
  line(suffix_of(family_.kind), labels, "", decimal);
  return *this;
}

MetricsText& MetricsText::histogram(std::span<const MetricBucket> buckets,
                                    std::string_view sum_decimal, std::int64_t count,
                                    MetricLabels labels) {
  MB_ASSERT(!seen_.empty() && family_.kind == MetricKind::kHistogram);
  for (const MetricBucket& bucket : buckets) {
    line("_bucket", labels, bucket.upper, std::to_string(bucket.count));
  }
  line("_bucket", labels, "+Inf", std::to_string(count));
  line("_sum", labels, "", sum_decimal);
  line("_count", labels, "", std::to_string(count));
  return *this;
}

void MetricsText::line(std::string_view suffix, MetricLabels labels, std::string_view upper,
                       std::string_view value) {
  MB_ASSERT(is_json_number(value));
  text_ += family_.name;
  text_ += suffix;
  char separator = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    text_ += separator;
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, text, true);
    text_ += '"';
    separator = ',';
  };
  for (const auto& [name, text] : labels) {
    MB_ASSERT(is_name(name) && name != "le");
    label(name, text);
  }
  if (!upper.empty()) label("le", upper);
  if (separator == ',') text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

std::string MetricsText::take() {
  if (format_ == MetricsFormat::kOpenMetrics) text_ += "# EOF\n";
  return std::exchange(text_, std::string());
}

}  // namespace meterbill
