// Load and peers of the benchmarks:
//   meterbill-bench fill BROKERS TOPIC SHAPE COUNT START_S     messages into a topic
//   meterbill-bench receive BROKERS TOPIC COUNT                plain librdkafka, the topic's values
//   meterbill-bench print SHAPE COUNT START_S                  values, one a line
//   meterbill-bench apply FOLDER SHAPE COUNT BATCH START_S    the worker's phases, without a broker
//   meterbill-bench latency PORT MACHINE TICKS FOLDER [BROKERS TOPIC]
//                                                             tick to bill, beside a bare trip over
//                                                             HTTP, or Kafka when it is named
//   meterbill-bench ledger FOLDER PRICES MACHINES SCOPES SLOTS START_S
//                                                             a ledger full of usage
//   meterbill-bench sync FILE BYTES COUNT WRITERS              append and fdatasync, each write
// What was measured goes to standard output as one JSON object.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "bench_apply.h"
#include "bench_disk.h"
#include "bench_kafka.h"
#include "bench_latency.h"
#include "bench_ledger.h"
#include "bench_messages.h"
#include "bench_trips.h"

namespace {

using meterbill::bench::find_shape;

constexpr int kUsage = 64, kFailed = 1;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

int usage() {
  fmt::print(stderr,
             "meterbill-bench fill BROKERS TOPIC SHAPE COUNT START_S\n"
             "meterbill-bench receive BROKERS TOPIC COUNT\n"
             "meterbill-bench print SHAPE COUNT START_S\n"
             "meterbill-bench apply FOLDER SHAPE COUNT BATCH START_S\n"
             "meterbill-bench latency PORT MACHINE TICKS FOLDER [BROKERS TOPIC]\n"
             "meterbill-bench ledger FOLDER PRICES MACHINES SCOPES SLOTS START_S\n"
             "meterbill-bench sync FILE BYTES COUNT WRITERS\n");
  return kUsage;
}

int told(const std::string& failure) {
  if (failure.empty()) return 0;
  fmt::print(stderr, "meterbill-bench: {}\n", failure);
  return kFailed;
}

int latency(std::span<const std::string> words) {
  using namespace meterbill;
  const auto port = number(words[1]), ticks = number(words[3]);
  if (!port || *port > 65'535 || !ticks) return usage();
  auto trip = words.size() == 5 ? bench::http_trip() : bench::kafka_trip(words[5], words[6]);
  const Result<void> measured =
      trip ? bench::latency({.worker_port = static_cast<std::uint16_t>(*port),
                             .machine = words[2],
                             .folder = words[4],
                             .ticks = *ticks},
                            *trip.value())
           : std::move(trip).error();
  return told(measured ? "" : measured.error().message);
}

int run(std::span<const std::string> words) {
  const std::string command = words.empty() ? "" : words[0];
  if (command == "fill" && words.size() == 6) {
    const auto shape = find_shape(words[3]);
    const auto count = number(words[4]), start_s = number(words[5]);
    if (!shape || !count || !start_s) return usage();
    return told(meterbill::bench::fill(words[1], words[2], *shape, *count, *start_s));
  }
  if (command == "receive" && words.size() == 4) {
    const auto count = number(words[3]);
    if (!count) return usage();
    return told(meterbill::bench::receive(words[1], words[2], *count));
  }
  if (command == "print" && words.size() == 4) {
    const auto shape = find_shape(words[1]);
    const auto count = number(words[2]), start_s = number(words[3]);
    if (!shape || !count || !start_s) return usage();
    for (std::int64_t i = 0; i < *count; ++i)
      fmt::print("{}\n", meterbill::bench::message(*shape, i, *start_s).value);
    return 0;
  }
  if (command == "apply" && words.size() == 6) {
    const auto shape = find_shape(words[2]);
    const auto count = number(words[3]), batch = number(words[4]), start_s = number(words[5]);
    if (!shape || !count || !batch || !start_s) return usage();
    return told(meterbill::bench::apply(words[1], *shape, *count, *batch, *start_s));
  }
  if (command == "latency" && (words.size() == 5 || words.size() == 7)) return latency(words);
  if (command == "ledger" && words.size() == 7) {
    const auto machines = number(words[3]), scopes = number(words[4]), slots = number(words[5]);
    const auto start_s = number(words[6]);
    if (!machines || !scopes || !slots || !start_s) return usage();
    return told(
        meterbill::bench::fill_ledger(words[1], words[2], {*machines, *scopes, *slots, *start_s}));
  }
  if (command == "sync" && words.size() == 5) {
    const auto bytes = number(words[2]), count = number(words[3]), writers = number(words[4]);
    if (!bytes || !count || !writers) return usage();
    return told(meterbill::bench::sync(words[1], *bytes, *count, static_cast<int>(*writers)));
  }
  return usage();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  return run(words);
}
