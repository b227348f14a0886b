// agent_kill_probe FOLDER ORIGIN_US SEED (until-killed | one-tick | to-the-end)
//
// An agent whose counters are a function of its fast clock. What its sink takes is appended to
// FOLDER/sent; FOLDER/saving holds a byte that is 1 while a tick is being saved.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "adapters/sqlite/sqlite_spool.h"
#include "agent/agent.h"
#include "base/assert.h"
#include "base/checked.h"
#include "probe_world.h"
#include "support/fake_meters.h"
#include "support/line_encode.h"
#include "support/recording_events.h"

namespace meterbill {
namespace {

/// The real spool, with a mark that survives the process while a tick is being saved.
class MarkedSpool final : public Spool {
 public:
  MarkedSpool(Spool& spool, const std::string& mark) : spool_(spool) {
    const int file = ::open(mark.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    MB_ASSERT(file >= 0 && ::ftruncate(file, 1) == 0);
    void* const page = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    MB_ASSERT(page != MAP_FAILED);
    saving_ = static_cast<volatile char*>(page);
    *saving_ = 0;
    ::close(file);
  }
  Result<void> save(const TickRecord& tick) override {
    *saving_ = 1;
    auto saved = spool_.save(tick);
    *saving_ = 0;
    return saved;
  }
  Result<Past> load() override { return spool_.load(); }
  Result<std::vector<PendingRow>> pending(std::size_t limit, UtcTime now) override {
    return spool_.pending(limit, now);
  }
  Result<void> mark_offered(std::span<const RowVersion> rows) override {
    return spool_.mark_offered(rows);
  }
  Result<void> acknowledge(std::span<const RowVersion> rows, UtcTime now) override {
    return spool_.acknowledge(rows, now);
  }
  Result<void> set_aside(const RowVersion& row, const std::string& reason, UtcTime now) override {
    return spool_.set_aside(row, reason, now);
  }
  Result<std::int64_t> repeat_old(UtcTime now) override { return spool_.repeat_old(now); }
  Result<std::int64_t> offer_again() override { return spool_.offer_again(); }
  Result<SpoolCounts> counts() override { return spool_.counts(); }
  Result<std::vector<AsideRow>> aside(std::size_t limit) override { return spool_.aside(limit); }
  Result<std::string> begin_anew(UtcTime now) override { return spool_.begin_anew(now); }

 private:
  Spool& spool_;
  volatile char* saving_ = nullptr;
};

/// Takes most messages, loses some, and sometimes takes one without being heard.
class LossySink final : public Sink {
 public:
  LossySink(const std::string& path, std::uint32_t seed, bool reliable)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
        random_(seed),
        reliable_(reliable) {
    MB_ASSERT(file_ >= 0);
  }
  std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override {
    std::vector<SendReport> reports;
    for (const OutgoingMessage& message : messages) {
      const auto chance = reliable_ ? 9 : random_() % 10;
      if (chance > 0) {
        const auto size = static_cast<ssize_t>(message.value.size());
        MB_ASSERT(::write(file_, message.value.data(), message.value.size()) == size);
      }
      SendReport& report = reports.emplace_back();
      report.fate = chance > 1 ? Fate::kDelivered : Fate::kLater;
    }
    return reports;
  }
  [[nodiscard]] std::string name() const override { return "lossy"; }

 private:
  int file_;
  std::mt19937 random_;
  bool reliable_;
};

int run(const std::string& folder, std::int64_t origin_us, std::uint32_t seed,
        const std::string& mode) {
  const FastClock clock(origin_us);
  auto opened = SqliteSpool::open(folder + "/spool.db", {}, clock.now().utc);
  if (!opened || !opened.value().damaged.empty()) {
    std::fprintf(stderr, "spool: %s\n",
                 opened ? "damaged by a kill" : opened.error().message.c_str());
    return EXIT_FAILURE;
  }
  MarkedSpool spool(*opened.value().spool, folder + "/saving");
  LossySink sink(folder + "/sent", seed, mode == "to-the-end");
  FakeMeters meters{[&] {
    HostSample sample;
    sample.cpu = CpuCounter{.busy_us = clock.now().boot_us / 4 * 3, .cores = kProbeCores};
    sample.memory = MemoryGauge{.total_kib = kProbeMemoryKib, .used_kib = kProbeMemoryKib / 3};
    return sample;
  }};
  RecordingEvents events;
  FastWaiter tick_waiter;
  FastWaiter send_waiter;
  std::random_device device;
  std::atomic<std::uint64_t> random = (std::uint64_t{device()} << 32) | device();
  Agent agent(
      {.machine = MachineId("probe"), .labels = {}, .interval_us = 10'000'000, .built = {0}},
      {.meters = meters,
       .clock = clock,
       .spool = spool,
       .sink = sink,
       .events = events,
       .tick_waiter = tick_waiter,
       .send_waiter = send_waiter,
       .encode = [](const MessageFrame& frame, std::span<const Reading> readings,
                    std::int64_t seq) { return line_encode(frame, readings, seq, 3); },
       .random = [&] { return random += 0x9e3779b97f4a7c15; },
       .how_it_ends = [] { return EndMark::kOperator; }});
  const auto ready = agent.open();
  if (!ready) {
    std::fprintf(stderr, "open: %s\n", ready.error().message.c_str());
    return EXIT_FAILURE;
  }
  if (mode == "one-tick") {
    agent.tick_once();
    return EXIT_SUCCESS;
  }
  std::stop_source stop;
  std::jthread running([&] { agent.run(stop.get_token()); });
  if (mode == "to-the-end") {
    // Until an epoch runs (the starts of this slot may be used up) and everything was sent once.
    FastWaiter waiter;
    for (AgentStatus status = agent.status();
         !status.ready || !status.epoch || !status.sending.last_acknowledged;
         status = agent.status())
      waiter.wait({}, 10'000'000);
    stop.request_stop();
  }
  running.join();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace meterbill

int main(int argc, char** argv) {
  MB_ASSERT(argc == 5);
  const auto origin_us = meterbill::parse_count(argv[2]);
  const auto seed = meterbill::parse_count(argv[3]);
  MB_ASSERT(origin_us && seed);
  return meterbill::run(argv[1], origin_us.value(), static_cast<std::uint32_t>(seed.value()),
                        argv[4]);
}
