#include "bench_latency.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>
#include <vector>

#include "adapters/sqlite/sqlite_db.h"
#include "bench_http.h"
#include "bench_messages.h"

namespace meterbill::bench {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
/// The cost before a tick is asked for so long before it; what an answer takes must fit in.
constexpr std::int64_t kBeforeUs = 20'000;
/// Between two questions: the programs have the processors to themselves for most of the time.
constexpr std::int64_t kPauseUs = 200;
/// After a tick that took longer, the next ones may be on their way: they are let pass, so that
/// none of them is taken for a quick one.
constexpr std::int64_t kLateUs = 900'000;
constexpr std::int64_t kLetPassUs = 3 * kSecondUs;
constexpr std::int64_t kGiveUpUs = 30 * kSecondUs;

/// Wall clock, the agent's.
std::int64_t now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecondUs + now.tv_nsec / 1'000;
}

void sleep_until(std::int64_t us) {
  const timespec until{.tv_sec = us / kSecondUs, .tv_nsec = us % kSecondUs * 1'000};
  while (::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

/// A database as the spool and the ledger are, and a commit of one value that is on disk.
class Commits {
 public:
  static Result<Commits> open(const std::string& path) {
    MB_TRY(SqliteDb db, SqliteDb::open(path, {}));
    MB_TRYV(db.execute("CREATE TABLE kept(id INTEGER PRIMARY KEY, value TEXT) STRICT"));
    MB_TRY(SqliteStatement keep, db.prepare("INSERT OR REPLACE INTO kept VALUES(?, ?)"));
    return Commits(std::move(db), std::move(keep));
  }

  Result<void> commit(const std::string& value) {
    MB_TRY(auto transaction, SqliteTransaction::begin(db_));
    MB_TRYV(keep_.bind(1, std::int64_t{1}).bind(2, value).run());
    return transaction.commit();
  }

 private:
  Commits(SqliteDb db, SqliteStatement keep) : db_(std::move(db)), keep_(std::move(keep)) {}
  SqliteDb db_;
  SqliteStatement keep_;
};

/// The page of one machine's cost.
class Cost {
 public:
  static Result<Cost> open(const LatencyOptions& options) {
    MB_TRY(auto connection, HttpConnection::connect(options.worker_port));
    return Cost(options.worker_port, std::make_unique<HttpConnection>(std::move(connection)),
                fmt::format("GET /api/cost/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
                            options.machine, options.worker_port));
  }

  /// As it was written.
  Result<std::string> ask() {
    // A server lets one connection have so many requests, and no more.
    if (++asked_ % kAsksOfAConnection == 0) {
      MB_TRY(auto next, HttpConnection::connect(port_));
      connection_ = std::make_unique<HttpConnection>(std::move(next));
    }
    MB_TRYV(connection_->send(request_));
    MB_TRY(const std::string answer, connection_->receive());
    constexpr std::string_view kName = "\"total_cost\":";
    const std::size_t at = answer.find(kName);
    if (!answer.starts_with("HTTP/1.1 200") || at == std::string::npos)
      return fail(Code::kInvalid, "no cost in the answer: " + answer);
    return answer.substr(at + kName.size(), answer.find_first_of(",}", at) - at - kName.size());
  }

 private:
  static constexpr std::int64_t kAsksOfAConnection = 500;

  Cost(std::uint16_t port, std::unique_ptr<HttpConnection> connection, std::string request)
      : port_(port), connection_(std::move(connection)), request_(std::move(request)) {}
  std::uint16_t port_;
  std::unique_ptr<HttpConnection> connection_;
  std::string request_;
  std::int64_t asked_ = 0;
};

/// Microseconds from `tick_us` to the answer that shows another cost than before it.
Result<std::int64_t> watch(Cost& cost, std::int64_t tick_us, std::vector<std::int64_t>& polls) {
  sleep_until(tick_us - kBeforeUs);
  MB_TRY(const std::string before, cost.ask());
  sleep_until(tick_us);
  for (std::int64_t last_us = now_us();;) {
    MB_TRY(const std::string shown, cost.ask());
    const std::int64_t answered_us = now_us();
    polls.push_back(answered_us - last_us);
    if (shown != before) return answered_us - tick_us;
    if (answered_us - tick_us > kGiveUpUs)
      return fail(Code::kUnavailable, "no tick changed the cost");
    last_us = answered_us;
    sleep_until(answered_us + kPauseUs);
  }
}

Result<std::int64_t> go(Commits& sender, Trip& trip, Commits& receiver, const std::string& value) {
  const std::int64_t from_us = now_us();
  MB_TRYV(sender.commit(value));
  MB_TRYV(trip.carry(value));
  MB_TRYV(receiver.commit(value));
  return now_us() - from_us;
}

}  // namespace

Result<void> latency(const LatencyOptions& options, Trip& trip) {
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  MB_TRY(Commits sender, Commits::open(options.folder + "/sender.db"));
  MB_TRY(Commits receiver, Commits::open(options.folder + "/receiver.db"));
  const std::string value = message(*find_shape("readings-1000"), 0, 0).value;
  MB_TRYV(go(sender, trip, receiver, value));  // the first opens connections and files
  // Not before: a server closes a connection on which nothing comes.
  MB_TRY(Cost cost, Cost::open(options));

  std::vector<std::int64_t> ours, peer, polls;
  std::int64_t tick_us = (now_us() / kSecondUs + 2) * kSecondUs;
  while (static_cast<std::int64_t>(ours.size()) < options.ticks) {
    MB_TRY(const std::int64_t took_us, watch(cost, tick_us, polls));
    ours.push_back(took_us);
    sleep_until(std::max(tick_us + kSecondUs / 2, now_us()));
    MB_TRY(const std::int64_t went_us, go(sender, trip, receiver, value));
    peer.push_back(went_us);
    const std::int64_t next_us = now_us() + kBeforeUs + (took_us > kLateUs ? kLetPassUs : 0);
    tick_us = (next_us / kSecondUs + 1) * kSecondUs;
  }
  std::ranges::nth_element(polls, polls.begin() + static_cast<std::ptrdiff_t>(polls.size() / 2));
  fmt::print("{{\"ours_us\":[{}],\"peer_us\":[{}],\"poll_us\":{}}}\n", fmt::join(ours, ","),
             fmt::join(peer, ","), polls[polls.size() / 2]);
  return ok();
}

}  // namespace meterbill::bench
