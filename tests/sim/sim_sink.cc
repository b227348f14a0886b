#include "sim/sim_sink.h"

#include <utility>

namespace meterbill::sim {
namespace {

SendReport later(const char* why) {
  return {.fate = Fate::kLater, .detail = why, .server_time = {}};
}

bool took_all(const WebResponse& response) {
  for (const Header& header : response.headers)
    if (header.name == "MeterBill-Result") return header.value.ends_with("quarantined=0");
  return false;
}

}  // namespace

std::vector<SendReport> SinkModel::send(std::span<const OutgoingMessage> messages) {
  std::vector<SendReport> reports;
  for (const OutgoingMessage& message : messages) {
    switch (way_) {
      case Way::kHttp:
        reports.push_back(post(message));
        break;
      case Way::kKafka:
        reports.push_back(produce(message));
        break;
      case Way::kBoth:
        static_cast<void>(post(message));
        reports.push_back(produce(message));
        break;
    }
  }
  return reports;
}

SendReport SinkModel::post(const OutgoingMessage& message) {
  if (happens(&Plan::lose_requests, 10)) return later("no answer");
  const std::string body = structured(message);
  witness_.may_be_applied(message.value);
  if (happens(&Plan::duplicate, 15)) network_.posts.push_back(body);
  const auto answer = worker_.post(body);
  if (!answer) return later("the connection was cut");
  if (answer->status != 204) return later("busy");
  if (took_all(*answer)) witness_.must_be_applied(message.value);
  if (happens(&Plan::lose_answers, 10)) return later("no answer");
  SendReport report{.fate = Fate::kDelivered, .detail = {}, .server_time = worker_.now()};
  report.quarantined = took_all(*answer) ? 0 : 1;
  return report;
}

SendReport SinkModel::produce(const OutgoingMessage& message) {
  if (!broker_.is_up || happens(&Plan::lose_requests, 10)) return later("no broker answers");
  if (happens(&Plan::lose_acknowledged, 5))
    return {.fate = Fate::kDelivered, .detail = {}, .server_time = {}};
  witness_.may_be_applied(message.value);
  if (witness_.has_slot_after(message.value, worker_.now())) witness_.came_early(message.value);
  const Delivery delivery{message.key, message.value, false, message.headers, host_.now().utc};
  broker_.append(delivery);
  if (happens(&Plan::duplicate, 15)) broker_.append(delivery);
  if (happens(&Plan::lose_answers, 10)) return later("no report");
  return {.fate = Fate::kDelivered, .detail = {}, .server_time = {}};
}

}  // namespace meterbill::sim
