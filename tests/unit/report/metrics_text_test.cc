#include "report/metrics_text.h"

#include <gtest/gtest.h>

#include <array>

namespace meterbill {
namespace {

constexpr MetricFamily kBuild{"meterbill_build", MetricKind::kInfo, "", "What runs."};
constexpr MetricFamily kLost{"meterbill_records_lost", MetricKind::kCounter, "",
                             "Say \"none\":\nmust read 0 \\."};
constexpr MetricFamily kSpool{"meterbill_spool_bytes", MetricKind::kGauge, "bytes", "Spool size."};
constexpr MetricFamily kCommit{"meterbill_worker_commit_seconds", MetricKind::kHistogram, "seconds",
                               "One commit."};

std::string scrape(MetricsFormat format) {
  constexpr std::array<MetricBucket, 2> kBuckets{MetricBucket{"0.005", 3}, MetricBucket{"0.1", 4}};
  MetricsText text(format);
  text.family(kBuild).sample(1, {{"version", "0.1.0"}, {"commit", "a\"b\\c\nd"}});
  text.family(kLost).sample(0, {{"reason", "disk"}}).sample(2, {{"reason", "spool"}});
  text.single(kSpool, 4096);
  text.family(kCommit).histogram(kBuckets, "1.000250", 5, {{"store", "sqlite"}});
  return text.take();
}

TEST(MetricsTextTest, PrometheusTextPutsTheSuffixIntoTheFamilyName) {
  EXPECT_EQ(scrape(MetricsFormat::kPrometheus),
            R"(# TYPE meterbill_build_info gauge
# HELP meterbill_build_info What runs.
meterbill_build_info{version="0.1.0",commit="a\"b\\c\nd"} 1
# TYPE meterbill_records_lost_total counter
# HELP meterbill_records_lost_total Say "none":\nmust read 0 \\.
meterbill_records_lost_total{reason="disk"} 0
meterbill_records_lost_total{reason="spool"} 2
# TYPE meterbill_spool_bytes gauge
# HELP meterbill_spool_bytes Spool size.
meterbill_spool_bytes 4096
# TYPE meterbill_worker_commit_seconds histogram
# HELP meterbill_worker_commit_seconds One commit.
meterbill_worker_commit_seconds_bucket{store="sqlite",le="0.005"} 3
meterbill_worker_commit_seconds_bucket{store="sqlite",le="0.1"} 4
meterbill_worker_commit_seconds_bucket{store="sqlite",le="+Inf"} 5
meterbill_worker_commit_seconds_sum{store="sqlite"} 1.000250
meterbill_worker_commit_seconds_count{store="sqlite"} 5
)");
}

TEST(MetricsTextTest, OpenMetricsNamesTheFamilyUnitsAndTheEnd) {
  EXPECT_EQ(scrape(MetricsFormat::kOpenMetrics),
            R"(# TYPE meterbill_build info
# HELP meterbill_build What runs.
meterbill_build_info{version="0.1.0",commit="a\"b\\c\nd"} 1
# TYPE meterbill_records_lost counter
# HELP meterbill_records_lost Say \"none\":\nmust read 0 \\.
meterbill_records_lost_total{reason="disk"} 0
meterbill_records_lost_total{reason="spool"} 2
# TYPE meterbill_spool_bytes gauge
# UNIT meterbill_spool_bytes bytes
# HELP meterbill_spool_bytes Spool size.
meterbill_spool_bytes 4096
# TYPE meterbill_worker_commit_seconds histogram
# UNIT meterbill_worker_commit_seconds seconds
# HELP meterbill_worker_commit_seconds One commit.
meterbill_worker_commit_seconds_bucket{store="sqlite",le="0.005"} 3
meterbill_worker_commit_seconds_bucket{store="sqlite",le="0.1"} 4
meterbill_worker_commit_seconds_bucket{store="sqlite",le="+Inf"} 5
meterbill_worker_commit_seconds_sum{store="sqlite"} 1.000250
meterbill_worker_commit_seconds_count{store="sqlite"} 5
# EOF
)");
}

struct AcceptCase {
  const char* accept;
  MetricsFormat want;
};
void PrintTo(const AcceptCase& row, std::ostream* out) { *out << '"' << row.accept << '"'; }

class AcceptTest : public testing::TestWithParam<AcceptCase> {};

TEST_P(AcceptTest, ChoosesTheFormat) {
  EXPECT_EQ(choose_metrics_format(GetParam().accept), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, AcceptTest,
    testing::Values(
        AcceptCase{"", MetricsFormat::kPrometheus}, AcceptCase{"*/*", MetricsFormat::kPrometheus},
        AcceptCase{"text/html, text/plain", MetricsFormat::kPrometheus},
        AcceptCase{"application/openmetrics-text", MetricsFormat::kOpenMetrics},
        AcceptCase{"Application/OpenMetrics-Text;version=1.0.0 ; q=0.5,text/plain;q=0.4",
                   MetricsFormat::kOpenMetrics},
        AcceptCase{"application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.4",
                   MetricsFormat::kPrometheus},
        AcceptCase{"application/openmetrics-text;version=0.0.1,text/plain",
                   MetricsFormat::kPrometheus},
        AcceptCase{"application/openmetrics-text;q=0", MetricsFormat::kPrometheus},
        AcceptCase{"application/openmetrics-text;q=nonsense", MetricsFormat::kPrometheus},
        AcceptCase{";;,,=;q", MetricsFormat::kPrometheus}));

TEST(MetricsTextDeathTest, WrongNamesEndTheProgram) {
  MetricsText text(MetricsFormat::kPrometheus);
  EXPECT_DEATH(text.family({"other_bytes", MetricKind::kGauge, "bytes", ""}), "is_well_named");
  EXPECT_DEATH(text.family({"meterbill_x_total", MetricKind::kCounter, "", ""}), "is_well_named");
  EXPECT_DEATH(text.family({"meterbill_x", MetricKind::kGauge, "bytes", ""}), "is_well_named");
  EXPECT_DEATH(text.single(kSpool, 1).single(kSpool, 1), "seen_");
  EXPECT_DEATH(text.family(kSpool).sample("NaN"), "is_json_number");
}

}  // namespace
}  // namespace meterbill
