#include "adapters/http/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

#include "adapters/http/http_rules.h"

namespace meterbill {
namespace {

bool is_safe(const Header& header) {
  using namespace std::string_view_literals;
  const auto is_clean = [](std::string_view text) {
    return text.find_first_of("\r\n\0"sv) == std::string_view::npos;
  };
  return !header.name.empty() && is_clean(header.name) && is_clean(header.value) &&
         header.name.find_first_of(": \t") == std::string::npos;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

}  // namespace

bool may_have_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const WebResponse& response, UtcTime now, const HeadOptions& options) {
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                                 std::string_view(reason.data(), reason.size()));
  append_field(head, "Date", http_date(now));
  if (may_have_body(response.status)) {
    const Header type{"Content-Type", response.content_type};
    if (is_safe(type)) append_field(head, type.name, type.value);
    append_field(head, "Content-Length", std::to_string(response.body.size()));
  }
  append_field(head, "X-Content-Type-Options", "nosniff");
  bool has_cache_control = false;
  for (const Header& header : response.headers) {
    if (!is_safe(header)) continue;
    has_cache_control |= boost::beast::iequals(header.name, "Cache-Control");
    append_field(head, header.name, header.value);
  }
  if (!has_cache_control) append_field(head, "Cache-Control", "no-store");
  if (!options.keep) {
    append_field(head, "Connection", "close");
  } else if (options.http_10) {
    append_field(head, "Connection", "keep-alive");
  }
  return head + "\r\n";
}

}  // namespace meterbill
