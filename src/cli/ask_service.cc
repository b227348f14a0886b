#include "cli/ask_service.h"

#include <fmt/format.h>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <filesystem>

#include "cli/json_members.h"
#include "domain/names.h"
#include "domain/period.h"

namespace meterbill {
namespace {

/// An address that is none was typed: a mistake on the command line.
Result<ServiceAnswer> of_flag(std::string_view flag, Result<ServiceAnswer> answer) {
  if (answer || answer.error().code != Code::kConfig) return answer;
  return fail(Code::kUsage, fmt::format("--{}: {}", flag, answer.error().message));
}

/// Who is not where the configuration has it may be where it had it before.
Result<ServiceAnswer> of_configuration(std::string_view key, Result<ServiceAnswer> answer) {
  if (answer || answer.error().code != Code::kUnavailable) return answer;
  return fail(Code::kUnavailable,
              fmt::format("{} (the address is that of {}: a changed one holds after a restart)",
                          answer.error().message, key));
}

std::string encoded(const std::string& text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

Error refused(const ServiceAnswer& answer) {
  const auto body = parse_answer(answer.body);
  const std::string message = body ? text_of(body.value(), "detail") : "";
  // Our services always say why.
  if (message.empty())
    return fail(Code::kUnavailable,
                fmt::format("the service answered {}: is it MeterBill?", answer.status));
  if (answer.status == 404) return fail(Code::kNotFound, message);
  if (answer.status == 400) return fail(Code::kUsage, message);
  if (answer.status == 409) return fail(Code::kInvalid, message);  // what it is about is not so
  if (answer.status == 403) return fail(Code::kPermission, message);
  if (answer.status == 422) return fail(Code::kConfig, message);  // what it was told to read
  if (answer.status == 503) return fail(Code::kUnavailable, message);
  if (answer.status == 507) return fail(Code::kDiskFull, message);
  if (text_of(body.value(), "error") == "damaged") return fail(Code::kDamaged, message);
  return fail(Code::kRefused, message);
}

Result<std::string> body_of(Result<ServiceAnswer> answer) {
  if (!answer) return std::move(answer).error();
  if (answer.value().status / 100 == 2) return std::move(answer.value().body);
  return refused(answer.value());
}

}  // namespace

Result<std::string> machine_segment(const std::string& name) {
  if (is_machine_id(name)) return encoded(name);
  return fail(Code::kUsage,
              fmt::format("'{}' is no machine name: letters, digits and . _ : - only", name));
}

Result<std::string> number_segment(const std::string& text) {
  const bool is_number = text.size() <= 18 && !text.empty() &&
                         text.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) return text;
  return fail(Code::kUsage, fmt::format("'{}' is no number", text));
}

std::string make_target(const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string target = path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    target += separator;
    target += name + "=" + encoded(value);
    separator = '&';
  }
  return target;
}

Result<ServiceAnswer> ask_worker(const ServiceAccess& access, const Arguments& arguments,
                                 const std::string& target) {
  const auto ledger = arguments.value("ledger");
  if (ledger && arguments.has("server"))
    return fail(Code::kUsage,
                "--ledger reads the file of a stopped worker, --server asks a running one: give "
                "one of them");
  if (ledger) return access.ask_ledger({*ledger, arguments.value("prices")}, target);
  if (arguments.has("prices"))
    return fail(Code::kUsage,
                "--prices goes with --ledger: a running worker uses the prices it was started "
                "with");
  if (const auto server = arguments.value("server"))
    return of_flag("server", access.ask(*server, "GET", target));
  if (access.addresses.worker_failure) return *access.addresses.worker_failure;
  return of_configuration("http.listen in worker.conf",
                          access.ask(access.addresses.worker, "GET", target));
}

std::string worker_place(const ServiceAccess& access, const Arguments& arguments) {
  if (const auto ledger = arguments.value("ledger")) return *ledger;
  return arguments.value("server").value_or(access.addresses.worker);
}

Result<std::string> read_worker(const ServiceAccess& access, const Arguments& arguments,
                                const std::string& target) {
  return body_of(ask_worker(access, arguments, target));
}

Result<std::string> read_agent(const ServiceAccess& access, const Arguments& arguments,
                               const std::string& target) {
  if (const auto agent = arguments.value("agent"))
    return body_of(of_flag("agent", access.ask(*agent, "GET", target)));
  if (access.addresses.agent_failure) return *access.addresses.agent_failure;
  return body_of(of_configuration("http.listen in agent.conf",
                                  access.ask(access.addresses.agent, "GET", target)));
}

Result<std::string> absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error)
    return fail(Code::kUsage, fmt::format("{}: {} (name it by its whole path, from / on)", path,
                                          error.message()));
  return absolute.lexically_normal().string();
}

Result<std::string> control_of(const Arguments& arguments, const ServiceAddresses& addresses,
                               bool of_agent) {
  // A socket is found from wherever the command is run, so also by a path of this folder.
  if (const auto path = arguments.value("control")) {
    MB_TRY(const std::string absolute, absolute_path(*path));
    return "unix:" + absolute;
  }
  const auto& failure = of_agent ? addresses.agent_failure : addresses.worker_failure;
  if (failure) return *failure;
  return of_agent ? addresses.agent_control : addresses.worker_control;
}

Result<std::string> read_control(const ServiceAccess& access, const std::string& control,
                                 const std::string& target) {
  return body_of(access.ask(control, "GET", target));
}

Result<std::string> change_service(const ServiceAccess& access, const std::string& control,
                                   const std::string& target) {
  return body_of(access.ask(control, "POST", target));
}

std::chrono::seconds answer_max(std::string_view target) {
  return target == kReloadTarget ? kReloadMax : kAnswerMax;
}

std::vector<Flag> worker_flags() {
  return {
      {.name = "server", .value = "URL", .help = "the worker to ask, http://host:port"},
      {.name = "ledger", .value = "FILE", .help = "read the ledger of a stopped worker instead"},
      {.name = "prices",
       .value = "FILE",
       .help = "prices.toml for --ledger; without it that of worker.conf"}};
}

std::vector<Flag> with_worker_flags(std::vector<Flag> flags) {
  for (Flag& flag : worker_flags()) flags.push_back(std::move(flag));
  return flags;
}

Flag control_flag() {
  return {.name = "control", .value = "PATH", .help = "the control socket of the service"};
}

Flag json_flag() { return {.name = "json", .value = "", .help = "print JSON"}; }

std::vector<Flag> period_flags() {
  return with_worker_flags({{.name = "machine", .value = "NAME", .help = "only this machine"},
                            {.name = "period",
                             .value = "PERIOD",
                             .help = "2026-11, 2026-11-22, this-month (default) or last-month"},
                            {.name = "csv", .value = "", .help = "print CSV (RFC 4180)"},
                            json_flag()});
}

Result<std::string> wanted_period(const Arguments& arguments) {
  const std::string text = arguments.value("period").value_or("");
  if (text.empty()) return text;
  // Which slots they are is the worker's to say, in its zone; in UTC every day and month has some.
  constexpr UtcTime kAnyTime{std::int64_t{1'800'000'000} * 1'000'000};
  const auto period = parse_period(text, *utc_zone(), kAnyTime);
  if (!period) return fail(Code::kUsage, "--period: " + period.error().message);
  return text;
}

Result<std::string> wanted_format(const Arguments& arguments) {
  if (arguments.has("csv") && arguments.has("json"))
    return fail(Code::kUsage, "--csv and --json cannot be given together");
  return std::string(arguments.has("csv") ? "csv" : arguments.has("json") ? "json" : "text");
}

}  // namespace meterbill
