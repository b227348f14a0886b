#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "ports/ledger_store.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"

namespace meterbill {

/// A kind of ledger under test.
class LedgerHost {
 public:
  virtual ~LedgerHost() = default;
  [[nodiscard]] virtual LedgerStore& ledger() = 0;
  /// A reader of the same ledger, beside it.
  [[nodiscard]] virtual std::unique_ptr<LedgerReader> reader() = 0;
  /// Closes it and opens it again, as a restart does.
  virtual void reopen() = 0;
  /// What a backup is to be named.
  [[nodiscard]] virtual std::string backup_path() = 0;
  /// What a backup under that name holds; empty: there is none.
  [[nodiscard]] virtual std::string backed_up() = 0;
};

struct LedgerKind {
  std::string name;
  std::function<std::unique_ptr<LedgerHost>(const LedgerLimits&)> make;
};

/// Limits small enough to be reached.
inline LedgerLimits small_limits() {
  LedgerLimits limits;
  limits.quarantine_bytes_max = 20'000;
  limits.evidence_keep_us = 2 * std::int64_t{3'600'000'000};
  limits.event_reach_back_us = 2 * std::int64_t{3'600'000'000};
  return limits;
}

/// What every ledger keeps to, whatever it is made of.
class LedgerContract : public testing::TestWithParam<LedgerKind> {
 protected:
  LedgerContract() : host_(GetParam().make(small_limits())) {}

  LedgerStore& ledger() { return host_->ledger(); }
  std::unique_ptr<LedgerReader> reader() { return host_->reader(); }
  void reopen() { host_->reopen(); }
  LedgerHost& host() { return *host_; }
  std::string state() { return dump(ledger()); }

  /// Commits under the fence of the last `claim` here.
  Result<CommitOutcome> commit(const WriteSet& write) {
    return ledger().commit(write, {{kKafka, fence_}});
  }
  void claim() { fence_ = ledger().claim(kKafka).value().fence; }
  /// A claimed source and so many of the batches of `batch`.
  void given(int batches) {
    claim();
    for (int number = 1; number <= batches; ++number)
      ASSERT_EQ(commit(batch(number)).value(), CommitOutcome::kCommitted);
  }
  /// One more batch that only quarantines.
  void quarantine(const QuarantineItem& item) {
    WriteSet write;
    write.quarantine = {item};
    ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  }
  /// One more batch that only uses prices.
  void uses(const std::vector<PriceVersionUse>& prices) {
    WriteSet write;
    write.prices = prices;
    ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  }
  /// Refused with this code, and nothing of it was applied.
  void refuses(const WriteSet& write, Code code) {
    const std::string before = state();
    const auto outcome = commit(write);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
    EXPECT_EQ(state(), before);
  }
  std::int64_t fence() const { return fence_; }

 private:
  std::unique_ptr<LedgerHost> host_;
  std::int64_t fence_ = 0;
};

}  // namespace meterbill
