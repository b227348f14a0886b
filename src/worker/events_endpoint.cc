#include "worker/events_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/decode.h"

namespace meterbill {
namespace {

constexpr const char* kEventType = "application/cloudevents+json";
constexpr const char* kBatchType = "application/cloudevents-batch+json";

/// The media type without parameters (`; charset=utf-8`), in lower case.
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return type;
}

WebResponse bare_sample() {
  return json_error(
      400, "bare sample",
      "a sample without a CloudEvents envelope has no identity over HTTP: sent twice, "
      "it would be billed twice. Send io.meterbill.reading.v1 or "
      "io.meterbill.usage.v1 events, or the sample to the Kafka topic");
}

}  // namespace

void EventsEndpoint::handle(const WebRequest& request, Respond respond) {
  const std::string type = media_type(request.content_type);
  const bool batch = type == kBatchType;
  if (!batch && type != kEventType) {
    if (type == "application/json" && is_bare_sample(request.body)) return respond(bare_sample());
    return respond(json_error(415, "unsupported media type",
                              fmt::format("send {} or {}", kEventType, kBatchType)));
  }
  auto elements = split_body(request.body, batch);
  if (!elements) return respond(json_error(400, "bad request", elements.error().message));
  if (std::ranges::any_of(elements.value(), &BodyElement::is_bare_sample))
    return respond(bare_sample());
  if (elements.value().empty()) {
    WebResponse nothing;
    nothing.status = 204;
    nothing.headers.push_back({"MeterBill-Result", "applied=0,repeated=0,quarantined=0"});
    return respond(std::move(nothing));
  }
  const UtcTime now = clock_.now().utc;
  std::vector<Arrival> arrivals;
  arrivals.reserve(elements.value().size());
  for (BodyElement& element : elements.value()) {
    Arrival& arrival = arrivals.emplace_back();
    arrival.delivery.value = element.text;
    arrival.delivery.headers.add("content-type", kEventType);
    arrival.delivery.recorded = now;
    if (element.message) arrival.message = std::make_unique<Message>(std::move(*element.message));
  }
  source_.offer(std::move(arrivals), std::move(respond));
}

}  // namespace meterbill
