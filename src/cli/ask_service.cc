#include "cli/ask_service.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace meterbill {
namespace {

Error refused(const ServiceAnswer& answer) {
  const std::string detail = detail_of(answer.body);
  const std::string message =
      detail.empty() ? fmt::format("the service answered {}", answer.status) : detail;
  if (answer.status == 404) return fail(Code::kNotFound, message);
  if (answer.status == 400) return fail(Code::kUsage, message);
  if (answer.status == 403) return fail(Code::kPermission, message);
  if (answer.status == 503) return fail(Code::kUnavailable, message);
  return fail(Code::kRefused, message);
}

Result<std::string> body_of(Result<ServiceAnswer> answer) {
  if (!answer) return std::move(answer).error();
  if (answer.value().status / 100 == 2) return std::move(answer.value().body);
  return refused(answer.value());
}

}  // namespace

std::string path_segment(const std::string& text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string make_target(const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string target = path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    target += separator;
    target += name + "=" + path_segment(value);
    separator = '&';
  }
  return target;
}

Result<std::string> read_worker(const ServiceAccess& access, const Arguments& arguments,
                                const std::string& target) {
  const std::string server = arguments.value("server").value_or(access.addresses.worker);
  return body_of(access.ask(server, "GET", target));
}

Result<std::string> change_service(const ServiceAccess& access, const std::string& control,
                                   const std::string& target) {
  return body_of(access.ask(control, "POST", target));
}

std::string detail_of(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  if (error || !value.is_object()) return "";
  const boost::json::value* detail = value.as_object().if_contains("detail");
  return detail == nullptr || !detail->is_string() ? "" : std::string(detail->as_string());
}

Flag server_flag() {
  return {.name = "server", .value = "URL", .help = "the worker to ask, http://host:port"};
}

Flag json_flag() { return {.name = "json", .value = "", .help = "print JSON"}; }

}  // namespace meterbill
