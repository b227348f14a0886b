// What one answer says is of one commit, however much is applied while it is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "support/worker_bench.h"
#include "worker/worker_api.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

/// A reader of the bench's ledger; behind one of its answers something is committed.
class Overtaken final : public MemoryLedger {
 public:
  using MemoryLedger::MemoryLedger;

  Result<std::map<MachineKey, MachineFacts>> machines() override {
    return then(after_machines, MemoryLedger::machines());
  }
  Result<std::map<EpochKey, EpochFacts>> epochs(MachineKey machine) override {
    return then(after_epochs, MemoryLedger::epochs(machine));
  }

  std::function<void()> after_machines;
  std::function<void()> after_epochs;

 private:
  template <class Value>
  static Value then(std::function<void()>& commit, Value answer) {
    if (const auto once = std::exchange(commit, nullptr)) once();
    return answer;
  }
};

class OneCommitTest : public testing::Test {
 protected:
  OneCommitTest() {
    bench_.put_kafka(message_of({}));
    bench_.settle();
  }

  WebResponse get(const std::string& path,
                  std::multimap<std::string, std::string, std::less<>> query) {
    std::promise<WebResponse> answer;
    WebRequest request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    router_.handle(request, [&](WebResponse response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  WebResponse bill(const std::string& from) {
    return get("/api/v1/bill", {{"period", "2026-11"}, {"from", from}});
  }

  void apply(const ReadingSpec& spec) {
    bench_.put_kafka(message_of(spec));
    bench_.settle();
  }
  void rename(const std::string& to) {
    auto done = std::async(std::launch::async, [&] {
      return bench_.worker->resolve(MachineId{"web-1"}, BootId{"boot-a"}, Decision::kRename,
                                    MachineId{to});
    });
    while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
      ASSERT_TRUE(bench_.worker->step());
    ASSERT_TRUE(done.get());
  }

  WorkerBench bench_;
  std::unique_ptr<Overtaken> reader_ = std::make_unique<Overtaken>(bench_.ledger.state());
  HttpSource http_;
  EventsEndpoint endpoint_{bench_.clock, http_};
  Backup backup_{bench_.ledger, *bench_.worker, bench_.clock, bench_.events};
  Router router_{worker_routes({.worker = *bench_.worker,
                                .backup = backup_,
                                .ledger = bench_.api_parts(*reader_),
                                .events = endpoint_,
                                .version_json = "{}",
                                .metrics = [](MetricsFormat) { return std::string(); }})};
};

TEST_F(OneCommitTest, ABillDoesNotFailWhenAScopeIsNewMeanwhile) {
  reader_->after_machines = [&] { apply({.cpu_s = 20, .scopes_cpu_s = {{"service:nginx", 5}}}); };
  const WebResponse answer = bill("slots");
  EXPECT_EQ(answer.status, 200U) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("\"total\":\"10.00\""));
}

TEST_F(OneCommitTest, ABillLosesNoSlotWhenAnEpochIsNewMeanwhile) {
  reader_->after_epochs = [&] {
    apply({.epoch = "00000000000000000000000000000002", .from_s = 1'060, .cpu_s = 1});
  };
  EXPECT_THAT(bill("slots").body, HasSubstr("\"total\":\"10.00\""));
  EXPECT_THAT(bill("slots").body, HasSubstr("\"total\":\"11.00\"")) << "the next one is newer";
}

TEST_F(OneCommitTest, ABillDoesNotFailWhenABootIsRenamedMeanwhile) {
  reader_->after_machines = [&] { rename("web-2"); };
  const WebResponse answer = bill("totals");
  EXPECT_EQ(answer.status, 200U) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("\"total\":\"10.00\""));
}

TEST_F(OneCommitTest, TheLedgerIsLetGoBeforeTheAnswerIsSent) {
  EXPECT_EQ(bill("totals").status, 200U);
  apply({.cpu_s = 20});
  EXPECT_EQ(reader_->facts().value().commits, bench_.ledger.facts().value().commits);
}

}  // namespace
}  // namespace meterbill
