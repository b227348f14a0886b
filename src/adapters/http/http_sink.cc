#include "adapters/http/http_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/http/http_rules.h"
#include "wire/encode.h"

namespace meterbill {
namespace {

constexpr std::int64_t kRetryAfterMsMax = std::int64_t{60} * 60 * 1000;

std::optional<std::int64_t> count_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// What a worker did with a request.
struct Taken {
  std::int64_t items = 0;
  std::int64_t quarantined = 0;
};

/// Of "applied=1,repeated=0,quarantined=2", exactly so: nobody but a worker writes it.
std::optional<Taken> parse_result(std::string_view result) {
  Taken taken;
  for (const std::string_view name : {"applied=", "repeated=", "quarantined="}) {
    if (!result.starts_with(name)) return std::nullopt;
    const std::size_t end = name == "quarantined=" ? result.size() : result.find(',');
    if (end == std::string_view::npos) return std::nullopt;
    const auto count = count_of(result.substr(name.size(), end - name.size()));
    if (!count || __builtin_add_overflow(taken.items, *count, &taken.items)) return std::nullopt;
    taken.quarantined = *count;
    result.remove_prefix(std::min(end + 1, result.size()));
  }
  return taken;
}

/// Whether what was taken is all that was sent. A message that cannot be read is one quarantined
/// item, whatever it holds.
bool accounts_for(const Taken& taken, std::int64_t messages, std::int64_t readings) {
  if (taken.items == readings) return true;
  return taken.quarantined > 0 && messages <= taken.items && taken.items < readings;
}

/// Retry-After in seconds; a date there (nobody of ours writes one) counts as absent.
std::int64_t retry_after_ms(const HttpResponse& response) {
  const auto seconds = count_of(response.header("Retry-After"));
  if (!seconds) return 0;
  return std::min(*seconds, kRetryAfterMsMax / 1000) * 1000;
}

/// What the other side said, shortened: it is shown in logs and on status.
std::string excerpt(std::string_view body) {
  static constexpr std::size_t kBytesMax = 300;
  std::string text(body.substr(0, kBytesMax));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

std::string_view remedy(unsigned status) {
  switch (status) {
    case 401:
    case 403:
      return "; the worker does not allow this agent: see http.allowed_hosts of worker.conf";
    case 429:
    case 503:
      return "; sent again later by itself";
    default:
      return status >= 500 ? "; see the worker's log" : "; is agent.sink the address of a worker?";
  }
}

SendReport report_of(const HttpResponse& response, std::int64_t messages, std::int64_t readings) {
  SendReport report;
  report.server_time = parse_http_date(response.header("Date"));
  if (response.status == 204) {
    const std::string_view result = response.header("MeterBill-Result");
    const auto taken = parse_result(result);
    if (taken && accounts_for(*taken, messages, readings)) {
      report.fate = Fate::kDelivered;
      report.quarantined = taken->quarantined;
      return report;
    }
    report.detail = fmt::format(
        "the answer 204 does not account for the {} reading{} sent ({}); is agent.sink the address "
        "of a worker?",
        readings, readings == 1 ? "" : "s",
        result.empty() ? "no MeterBill-Result" : "MeterBill-Result: " + excerpt(result));
    return report;
  }
  report.detail = fmt::format("the worker answers {}: {}", response.status, excerpt(response.body));
  if (response.status == 400 || response.status == 413 || response.status == 415) {
    report.fate = Fate::kRefused;
    return report;
  }
  report.detail += remedy(response.status);
  report.retry_after_ms = retry_after_ms(response);
  return report;
}

}  // namespace

HttpSink::HttpSink(HttpAddress address, HttpSinkOptions options)
    : options_(std::move(options)),
      client_(std::move(address),
              {.connect = options_.connect, .request = options_.request, .body_bytes_max = 65'536},
              options_.route) {}

std::vector<SendReport> HttpSink::send(std::span<const OutgoingMessage> messages) {
  std::vector<SendReport> reports(messages.size());
  std::vector<Event> events;
  std::size_t first = 0;
  while (first < messages.size()) {
    events.clear();
    std::size_t bytes = 2;  // the brackets
    while (first + events.size() < messages.size() && events.size() < options_.batch_messages_max) {
      const OutgoingMessage& message = messages[first + events.size()];
      Event event{.text = structured(message), .readings = message.readings};
      bytes += event.text.size() + 1;
      if (!events.empty() && bytes > options_.body_bytes_max) break;
      events.push_back(std::move(event));
    }
    const auto batch = std::span(reports).subspan(first, events.size());
    send_batch(events, batch);
    first += events.size();
    if (batch.back().fate == Fate::kLater) {
      // The rest was not tried; it waits for the same reason.
      std::fill(reports.begin() + static_cast<std::ptrdiff_t>(first), reports.end(), batch.back());
      break;
    }
  }
  return reports;
}

void HttpSink::send_batch(std::span<const Event> events, std::span<SendReport> reports) {
  SendReport report = post(events);
  if (report.fate != Fate::kRefused || events.size() == 1) {
    std::fill(reports.begin(), reports.end(), report);
    for (SendReport& other : reports.subspan(1)) other.quarantined = 0;
    return;
  }
  const std::size_t half = events.size() / 2;
  send_batch(events.first(half), reports.first(half));
  if (reports[half - 1].fate == Fate::kLater) {
    std::fill(reports.begin() + static_cast<std::ptrdiff_t>(half), reports.end(),
              reports[half - 1]);
    return;
  }
  send_batch(events.subspan(half), reports.subspan(half));
}

SendReport HttpSink::post(std::span<const Event> events) {
  HttpRequest request{
      .method = "POST",
      .target = "/api/v1/events",
      .content_type = "application/cloudevents-batch+json",
      .accept = "application/json",
      .body = "[",
      .repeatable = true,
  };
  std::int64_t readings = 0;
  for (const Event& event : events) {
    if (request.body.size() > 1) request.body += ',';
    request.body += event.text;
    readings += event.readings;
  }
  request.body += ']';
  auto response = client_.send(request);
  if (response)
    return report_of(response.value(), static_cast<std::int64_t>(events.size()), readings);
  SendReport report;
  report.detail = std::move(response).error().message;
  return report;
}

}  // namespace meterbill
