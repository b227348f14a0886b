#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterbill {

enum class MetricsFormat {
  kPrometheus,   ///< text format 0.0.4
  kOpenMetrics,  ///< OpenMetrics 1.0
};

/// OpenMetrics when the Accept header of a scrape prefers it, else 0.0.4, which everybody reads.
[[nodiscard]] MetricsFormat choose_metrics_format(std::string_view accept);
[[nodiscard]] std::string_view content_type(MetricsFormat format);

enum class MetricKind { kCounter, kGauge, kInfo, kHistogram };

/// One metric. `name` without the suffix of its kind (`_total`, `_info`, `_bucket`), which the
/// writer adds; it begins with `meterbill_` or `process_` and ends with its unit, a base unit
/// (`seconds`, `bytes`, `ratio`), if it has one.
struct MetricFamily {
  std::string_view name;
  MetricKind kind = MetricKind::kGauge;
  std::string_view unit;
  std::string_view help;
};

/// Labels never carry values without bound (machine names, scopes).
using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// `le` of a bucket as decimal text ("0.005"), and how many observations were at most that.
struct MetricBucket {
  std::string_view upper;
  std::int64_t count = 0;
};

/// Writes one scrape in either format. Not prometheus-cpp: it has no OpenMetrics, counts in double
/// and brings a second web server. Each family is begun once, followed by its samples; wrong names
/// are our bug and end the program.
class MetricsText {
 public:
  explicit MetricsText(MetricsFormat format) : format_(format) {}

  MetricsText& family(const MetricFamily& family);
  MetricsText& sample(std::int64_t value, MetricLabels labels = {});
  /// `decimal`: exact text, e.g. seconds from microseconds by base/checked.h.
  MetricsText& sample(std::string_view decimal, MetricLabels labels = {});
  /// Of a kHistogram. `buckets` ascend and are cumulative; +Inf is added from `count`.
  MetricsText& histogram(std::span<const MetricBucket> buckets, std::string_view sum_decimal,
                         std::int64_t count, MetricLabels labels = {});
  /// A family of one sample.
  MetricsText& single(const MetricFamily& of, std::int64_t value) {
    return family(of).sample(value);
  }

  /// The whole scrape; nothing may follow.
  [[nodiscard]] std::string take();

 private:
  void line(std::string_view suffix, MetricLabels labels, std::string_view upper,
            std::string_view value);

  MetricsFormat format_;
  MetricFamily family_;
  std::vector<std::string> seen_;
  std::string text_;
};

}  // namespace meterbill
