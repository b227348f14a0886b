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

/// The number behind "quarantined=" in "applied=1,repeated=0,quarantined=2"; 0 when absent.
std::int64_t quarantined_of(std::string_view result) {
  static constexpr std::string_view kName = "quarantined=";
  while (!result.empty()) {
    const std::size_t end = std::min(result.find(','), result.size());
    const std::string_view part = result.substr(0, end);
    result.remove_prefix(std::min(end + 1, result.size()));
    if (part.starts_with(kName)) return count_of(part.substr(kName.size())).value_or(0);
  }
  return 0;
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

SendReport report_of(const HttpResponse& response) {
  SendReport report;
  report.server_time = parse_http_date(response.header("Date"));
  if (response.status == 204) {
    report.fate = Fate::kDelivered;
    report.quarantined = quarantined_of(response.header("MeterBill-Result"));
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
    : options_(options),
      client_(std::move(address),
              {.connect = options.connect, .request = options.request, .body_bytes_max = 65'536}) {}

std::vector<SendReport> HttpSink::send(std::span<const OutgoingMessage> messages) {
  std::vector<SendReport> reports(messages.size());
  std::vector<std::string> events;
  std::size_t first = 0;
  while (first < messages.size()) {
    events.clear();
    std::size_t bytes = 2;  // the brackets
    while (first + events.size() < messages.size() && events.size() < options_.batch_messages_max) {
      std::string event = structured(messages[first + events.size()]);
      bytes += event.size() + 1;
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

void HttpSink::send_batch(std::span<const std::string> events, std::span<SendReport> reports) {
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

SendReport HttpSink::post(std::span<const std::string> events) {
  HttpRequest request{
      .method = "POST",
      .target = "/api/v1/events",
      .content_type = "application/cloudevents-batch+json",
      .accept = "application/json",
      .body = "[",
      .repeatable = true,
  };
  for (const std::string& event : events) {
    if (request.body.size() > 1) request.body += ',';
    request.body += event;
  }
  request.body += ']';
  auto response = client_.send(request);
  if (response) return report_of(response.value());
  SendReport report;
  report.detail = std::move(response).error().message;
  return report;
}

}  // namespace meterbill
