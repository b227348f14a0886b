#include "sim/sim_worker.h"

#include <utility>

namespace meterbill::sim {
namespace {

std::string plain_digest(std::string_view text) { return std::string(text); }

}  // namespace

WorkerProcess::Parts::Parts(std::unique_ptr<SqliteLedger> opened, Broker& broker, Reads& reads,
                            Random& random, const PriceBook& book)
    : ledger(std::move(opened)), kafka(broker, reads, random), price_use(book, plain_digest) {}

WorkerProcess::WorkerProcess(std::string folder, Host& host, Broker& broker, Random& random)
    : path_(folder + "ledger.db"),
      disk_(std::move(folder)),
      host_(host),
      broker_(broker),
      random_(random),
      book_(bench_book("0.000001")),
      segments_(book_.segments_text()) {}

/// Every second start makes batches of small portions, reading ahead even if there is next to
/// nothing to read.
WorkerSettings WorkerProcess::next_settings() {
  WorkerSettings settings;
  settings.maintain_us = kMinute;
  if (++starts_ % 2 != 0) return settings;
  settings.ahead_min = 1;
  settings.intake.portion_max = 4;
  settings.batch_max = 20;
  return settings;
}

bool WorkerProcess::start() {
  auto opened = SqliteLedger::open(path_, {}, host_);
  if (!opened) {
    if (!disk_.is_dead()) ended("open: " + opened.error().message);
    disk_.after_kill();
    return false;
  }
  parts_ = std::make_unique<Parts>(std::move(opened).value(), broker_, reads_, random_, book_);
  parts_->kafka.before_proof = [this] { before_proof(); };
  parts_->worker = std::make_unique<Worker>(
      *parts_->ledger, host_,
      [this](const MeterName& meter, Slot slot) { return book_.segment_start(meter, slot); },
      segments_, parts_->price_use, parts_->events,
      std::vector<Source*>{&parts_->http, &parts_->kafka}, next_settings());
  const auto ready = parts_->worker->open();
  if (ready) return true;
  if (!disk_.is_dead()) ended("open worker: " + ready.error().message);
  kill();
  return false;
}

void WorkerProcess::kill() {
  // Closing the files must not write what a dead program could not.
  disk_.arm(DiskFault::kCrash, 1);
  parts_.reset();
  disk_.after_kill();
}

void WorkerProcess::cut_power() {
  disk_.arm(DiskFault::kCrash, 1);
  parts_.reset();
  disk_.after_power_cut([this] { return random_.chance(50); });
}

bool WorkerProcess::step() {
  const auto worked = parts_->worker->step();
  if (worked) return worked.value();
  if (!disk_.has_struck()) ended(worked.error().message);
  kill();
  return false;
}

void WorkerProcess::work(int steps_max) {
  if (!is_running() || is_stopped) return;
  parts_->kafka.look();
  while (steps_max-- > 0 && step()) {
  }
}

std::optional<WebResponse> WorkerProcess::post(const std::string& body) {
  if (!is_running() || is_stopped) return std::nullopt;
  const auto answer = std::make_shared<std::optional<WebResponse>>();
  Arrival arrival;
  arrival.delivery.value = body;
  arrival.delivery.headers = {{"content-type", "application/cloudevents+json"}};
  arrival.delivery.recorded = host_.now().utc;
  std::vector<Arrival> arrivals;
  arrivals.push_back(std::move(arrival));
  parts_->http.offer(std::move(arrivals),
                     [answer](WebResponse response) { *answer = std::move(response); });
  for (int steps = 0; !*answer && is_running() && steps < 20; ++steps) step();
  return *answer;
}

}  // namespace meterbill::sim
