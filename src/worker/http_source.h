#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "ports/source.h"
#include "ports/web.h"

namespace meterbill {

struct HttpSourceLimits {
  std::size_t deliveries_max = 20'000;  ///< waiting for the apply thread
  std::size_t bytes_max = std::size_t{64} * 1024 * 1024;
  int retry_after_seconds = 5;  ///< told to whoever is refused
};

/// What came over HTTP on its way to the ledger: the I/O thread offers, the apply thread polls, and
/// a request is answered only when its items are durable (invariant 3).
///
/// Bounded: with a full inbox, before `start`, after `stop`, and while the ledger does not take
/// commits, an offer is answered 503 with Retry-After at once: the sender keeps what it has.
/// Requests are never torn: a poll hands out whole ones, so that one commit settles each.
///
/// `offer` and `status` from any thread, the rest from the apply thread. Answers are given on the
/// calling thread and never under the lock.
class HttpSource final : public Source {
 public:
  explicit HttpSource(HttpSourceLimits limits = {}) : limits_(limits) {}
  HttpSource(const HttpSource&) = delete;
  HttpSource& operator=(const HttpSource&) = delete;
  /// stop().
  ~HttpSource() override;

  /// Takes one request's deliveries, at least one, to be answered through `respond` exactly once:
  /// 204 with `MeterBill-Result` when durable, 503 when not. Positions are given here. False:
  /// refused, and answered so.
  bool offer(std::vector<Arrival> arrivals, Respond respond);

  /// Refuses what waits and what comes from now on.
  void stop();

  [[nodiscard]] std::string name() const override { return "http"; }
  [[nodiscard]] Route route() const override { return Route::kHttp; }
  /// Requests are numbered on from the stored position.
  [[nodiscard]] Result<void> start(std::vector<PartitionPosition> positions) override;
  /// Whole requests only: the first may be larger than `max`, further ones fit.
  void poll(std::vector<Arrival>& into, std::size_t max) override;
  /// Zero: there is no log to recognise again.
  [[nodiscard]] Sha256 digest(const Delivery& /*delivery*/) const override { return {}; }
  /// A commit succeeded, so the ledger takes commits: offers are accepted again. Also with no
  /// positions, as the worker's trial of a disk that was full.
  void committed(std::span<const PartitionPosition> positions) override;
  void answer(std::int64_t request, const Counts& counts) override;
  /// 503 for all that was polled and not answered, and for all that waits; offers are refused until
  /// `committed`.
  void rejected(const std::string& reason) override;
  [[nodiscard]] SourceStatus status() const override;
  void on_arrival(std::function<void()> wake) override;
  /// kNotFound: there is nothing to accept over HTTP.
  [[nodiscard]] Result<PartitionPosition> accept(std::int32_t partition) override;

 private:
  struct Request {
    std::int64_t number = 0;
    std::vector<Arrival> arrivals;
    std::size_t bytes = 0;
    Respond respond;
  };

  /// Everything but `arrivals` of a request stays here until it is answered.
  struct State {
    std::string refusing =
        "the worker is starting";  ///< why offers are refused; empty: they are not
    std::string standing = "the worker is starting";  ///< the same in few words
    bool stopped = false;                             ///< no commit ends that
    std::deque<Request> inbox;
    std::size_t inbox_deliveries = 0;
    std::size_t inbox_bytes = 0;
    std::map<std::int64_t, Respond> polled;  ///< by request, not answered yet
    std::int64_t next_request = 0;
    std::function<void()> wake;
  };

  [[nodiscard]] WebResponse busy(const std::string& reason) const;
  /// Lets everything that is unanswered go, and refuses offers for `reason`.
  [[nodiscard]] static std::vector<Respond> refuse_all(State& state, const std::string& reason,
                                                       const std::string& standing);
  void refuse_all_and_answer(const std::string& reason, const std::string& standing);

  const HttpSourceLimits limits_;
  Guarded<State> state_;
};

}  // namespace meterbill
