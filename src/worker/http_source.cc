#include "worker/http_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

/// About what it takes: what a delivery says, if it comes along, takes as much as its text.
std::size_t bytes_of(const std::vector<Arrival>& arrivals) {
  std::size_t bytes = 0;
  for (const Arrival& arrival : arrivals)
    bytes += sizeof(Arrival) + arrival.delivery.bytes() +
             (arrival.message ? sizeof(Message) + arrival.delivery.value.size() : 0);
  return bytes;
}

}  // namespace

HttpSource::~HttpSource() { stop(); }

WebResponse HttpSource::busy(const std::string& reason) const {
  return json_busy(reason, limits_.retry_after_seconds);
}

bool HttpSource::offer(std::vector<Arrival> arrivals, Respond respond) {
  MB_ASSERT(!arrivals.empty());
  const std::size_t count = arrivals.size();
  const std::size_t bytes = bytes_of(arrivals);
  std::function<void()> wake;
  const std::string refused = state_.with([&](State& state) -> std::string {
    if (!state.refusing.empty()) return state.refusing;
    // A request that alone is larger than the inbox may pass when nothing waits: it has no later.
    const bool is_full = state.inbox_deliveries + count > limits_.deliveries_max ||
                         state.inbox_bytes + bytes > limits_.bytes_max;
    if (is_full && !state.inbox.empty()) return "too much waits to be written: send it again";
    state.inbox.push_back({.number = state.next_request++,
                           .arrivals = std::move(arrivals),
                           .bytes = bytes,
                           .respond = std::move(respond)});
    state.inbox_deliveries += count;
    state.inbox_bytes += bytes;
    wake = state.wake;
    return {};
  });
  if (!refused.empty()) {
    respond(busy(refused));
    return false;
  }
  if (wake) wake();
  return true;
}

Result<void> HttpSource::start(std::vector<PartitionPosition> positions) {
  state_.with([&](State& state) {
    for (const PartitionPosition& position : positions) {
      state.next_request = std::max(state.next_request, position.next_offset);
    }
    state.refusing.clear();
  });
  return ok();
}

void HttpSource::poll(std::vector<Arrival>& into, std::size_t max) {
  state_.with([&](State& state) {
    for (std::size_t handed = 0; !state.inbox.empty();) {
      Request& request = state.inbox.front();
      const std::size_t count = request.arrivals.size();
      if (handed != 0 && handed + count > max) return;
      for (Arrival& arrival : request.arrivals) {
        arrival.position = {.partition = 0, .offset = request.number};
        arrival.request = request.number;
        into.push_back(std::move(arrival));
      }
      state.inbox_deliveries -= count;
      state.inbox_bytes -= request.bytes;
      state.polled.emplace(request.number, std::move(request.respond));
      state.inbox.pop_front();
      handed += count;
    }
  });
}

void HttpSource::committed(std::span<const PartitionPosition> /*positions*/) {
  state_.with([](State& state) {
    if (!state.stopped) state.refusing.clear();
  });
}

void HttpSource::answer(std::int64_t request, const Counts& counts) {
  Respond respond = state_.with([&](State& state) -> Respond {
    const auto found = state.polled.find(request);
    if (found == state.polled.end()) return nullptr;
    Respond owed = std::move(found->second);
    state.polled.erase(found);
    return owed;
  });
  if (!respond) return;  // refused meanwhile by `stop`
  WebResponse response;
  response.status = 204;
  response.headers.push_back(
      {"MeterBill-Result", fmt::format("applied={},repeated={},quarantined={}", counts.applied,
                                       counts.repeated, counts.quarantined)});
  respond(std::move(response));
}

std::vector<Respond> HttpSource::refuse_all(State& state, const std::string& reason,
                                            const std::string& standing) {
  std::vector<Respond> owed;
  for (auto& [number, respond] : state.polled) owed.push_back(std::move(respond));
  for (Request& request : state.inbox) owed.push_back(std::move(request.respond));
  state.polled.clear();
  state.inbox.clear();
  state.inbox_deliveries = 0;
  state.inbox_bytes = 0;
  if (state.stopped) return owed;
  state.refusing = reason;
  state.standing = standing;
  return owed;
}

void HttpSource::refuse_all_and_answer(const std::string& reason, const std::string& standing) {
  const auto owed = state_.with([&](State& state) { return refuse_all(state, reason, standing); });
  for (const Respond& respond : owed) respond(busy(reason));
}

void HttpSource::rejected(const std::string& reason) {
  refuse_all_and_answer(reason.empty() ? "the ledger takes nothing at the moment" : reason,
                        "the ledger takes nothing");
}

void HttpSource::stop() {
  refuse_all_and_answer("the worker is stopping", "the worker is stopping");
  state_.with([](State& state) { state.stopped = true; });
}

SourceStatus HttpSource::status() const {
  return state_.with([](const State& state) {
    const bool ready = state.refusing.empty();
    const std::int64_t waiting = static_cast<std::int64_t>(state.inbox.size());
    PartitionStatus partition{
        .partition = 0,
        .state = PartitionState::kRunning,
        .reason = {},
        .next_offset = state.next_request - waiting,
        .end_offset = state.next_request,
    };
    SourceStatus status{.ready = ready, .reason = state.refusing, .partitions = {partition}};
    if (!ready) status.stand_still(state.standing);
    return status;
  });
}

void HttpSource::on_arrival(std::function<void()> wake) {
  state_.with([&](State& state) { state.wake = std::move(wake); });
}

Result<PartitionPosition> HttpSource::accept(std::int32_t /*partition*/) {
  return fail(Code::kNotFound, "HTTP has no log that could be made anew: nothing to accept");
}

}  // namespace meterbill
