#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/sqlite_ledger.h"
#include "domain/price_book.h"
#include "sim/sim_host.h"
#include "sim/sim_kafka_source.h"
#include "support/memory_disk.h"
#include "support/worker_bench.h"
#include "worker/http_source.h"
#include "worker/worker.h"

namespace meterbill::sim {

/// The worker's process on a machine of its own: the real worker core and the real ledger on a
/// model disk, stepped by hand, killed and started at any moment.
class WorkerProcess {
 public:
  /// `folder`: a real one, for the ledger's lock. All outlive this.
  WorkerProcess(std::string folder, Host& host, Broker& broker, Random& random);

  /// False: it did not come up (its disk fails); try again later.
  WorkerSettings next_settings();
  bool start();
  /// SIGKILL: at once, wherever it is.
  void kill();
  void cut_power();
  [[nodiscard]] bool is_running() const { return parts_ != nullptr; }

  /// The disk fails at the n-th operation from now; the process is found dead or failed afterwards.
  void arm(DiskFault fault, std::int64_t nth) { disk_.arm(fault, nth); }
  void heal_disk() { disk_.heal(); }

  /// One look at the cluster and steps until there is nothing to do. Ends the process when its
  /// ledger failed.
  void work(int steps_max);
  /// What the worker answers to one request; nothing: the connection was lost.
  [[nodiscard]] std::optional<WebResponse> post(const std::string& body);

  [[nodiscard]] Worker& worker() { return *parts_->worker; }
  [[nodiscard]] LedgerReader& ledger() { return *parts_->ledger; }
  [[nodiscard]] KafkaSourceModel& kafka() { return parts_->kafka; }
  [[nodiscard]] const PriceBook& book() const { return book_; }
  [[nodiscard]] const Reads& reads() const { return reads_; }
  [[nodiscard]] MemoryDisk& disk() { return disk_; }
  [[nodiscard]] UtcTime now() const { return host_.now().utc; }

  /// Why it ended by itself, for each time it did; empty text: its disk had failed.
  std::function<void(const std::string&)> ended = [](const std::string&) {};
  std::function<void()> before_proof = [] {};

  /// SIGSTOP: the process is there and does nothing.
  bool is_stopped = false;

 private:
  struct Parts {
    Parts(std::unique_ptr<SqliteLedger> opened, Broker& broker, Reads& reads, Random& random,
          const PriceBook& book);
    std::unique_ptr<SqliteLedger> ledger;
    HttpSource http;
    KafkaSourceModel kafka;
    PriceUse price_use;
    SilentEvents events;
    std::unique_ptr<Worker> worker;
  };

  bool step();

  std::string path_;
  MemoryDisk disk_;
  Host& host_;
  Broker& broker_;
  Reads reads_;
  Random& random_;
  PriceBook book_;
  std::string segments_;  // of the book
  int starts_ = 0;
  std::unique_ptr<Parts> parts_;
};

}  // namespace meterbill::sim
