#include "cli/service_control.h"

#include <fmt/format.h>

#include <utility>

#include "ports/service_log_events.h"
#include "report/json_writer.h"

namespace meterbill {
namespace {

constexpr std::size_t kWaitingMax = 4;

void add_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.begin_array(name);
  for (const std::string& word : words) json.string(word);
  json.end_array();
}

WebResponse answer(const Reloaded& reloaded) {
  JsonWriter json;
  json.begin_object();
  add_list(json, "taken", reloaded.taken);
  add_list(json, "needs_restart", reloaded.needs_restart);
  json.end_object();
  WebResponse response;
  response.body = json.take();
  return response;
}

/// What a restart would refuse too; anything else is of the moment.
bool is_of_configuration(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kOverflow:
    case Code::kNotFound:
    case Code::kConfig:
    case Code::kUsage:
    case Code::kPermission:
      return true;
    case Code::kUnavailable:
    case Code::kRefused:
    case Code::kDiskFull:
    case Code::kDamaged:
    case Code::kConflict:
    case Code::kTooNew:
    case Code::kIo:
      break;
  }
  return false;
}

WebResponse not_now(const Error& error) {
  if (error.code == Code::kDiskFull) return json_error(507, "disk full", error.message);
  if (error.code == Code::kUnavailable || error.code == Code::kConflict)
    return json_busy(error.message, 5);
  return json_error(500, "reload failed", error.message);
}

/// A log's line is one line; what is wrong comes one a line.
std::string on_one_line(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;)
    text.replace(at, 1, "; ");
  return text;
}

std::string in_words(const std::vector<std::string>& words) {
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

ServiceControl::ServiceControl(ServiceControlParts parts)
    : parts_(std::move(parts)),
      live_(parts_.table, parts_.started.request, parts_.started.settings),
      thread_(1, kWaitingMax) {}

WebResponse ServiceControl::reload() {
  is_reloading_ = true;
  WebResponse response = reload_now();
  is_reloading_ = false;
  return response;
}

WebResponse ServiceControl::reload_now() {
  const auto reloaded = live_.reload(parts_.take);
  if (!reloaded && is_of_configuration(reloaded.error().code)) {
    parts_.log.write(service_event::kReloadRefused,
                     {{"ERROR", on_one_line(reloaded.error().message)}});
    return json_error(422, "configuration refused", reloaded.error().message);
  }
  if (!reloaded) {
    parts_.log.write(service_event::kReloadFailed,
                     {{"ERROR", on_one_line(reloaded.error().message)}});
    return not_now(reloaded.error());
  }
  parts_.log.write(service_event::kReloaded,
                   {{"TAKEN", in_words(reloaded.value().taken)},
                    {"WAIT_FOR_RESTART", in_words(reloaded.value().needs_restart)}});
  return answer(reloaded.value());
}

void ServiceControl::reload_soon() {
  thread_.run([this](std::size_t) { return reload(); }, [](const WebResponse&) {});
}

WebResponse ServiceControl::set_level(const WebRequest& request) {
  const auto text = request.query.find("level");
  const auto level = text == request.query.end() ? std::nullopt : parse_log_level(text->second);
  if (!level)
    return json_error(400, "bad request",
                      fmt::format("level= is one of {}", fmt::join(kLogLevelNames, ", ")));
  // Before and behind it: one of the two levels lets it pass, unless both are above it.
  const auto tell = [&] {
    parts_.log.write(service_event::kLogLevelSet, {{"LEVEL", std::string(to_string(*level))}});
  };
  const bool passes = *level >= service_event::kLogLevelSet.level;
  if (!passes) tell();
  parts_.set_level(*level);
  if (passes) tell();
  WebResponse response;
  response.body = fmt::format("{{\"level\":\"{}\"}}", to_string(*level));
  return response;
}

std::vector<WebRoute> ServiceControl::routes() {
  std::vector<WebRoute> routes;
  routes.push_back({"POST", "/api/v1/reload",
                    [this](const WebRequest&, const PathValues&, Respond respond) {
                      thread_.run([this](std::size_t) { return reload(); }, std::move(respond));
                    },
                    WebAccess::kControlOnly});
  routes.push_back({"POST",
                    "/api/v1/log-level",
                    [this](const WebRequest& request, const PathValues&, const Respond& respond) {
                      respond(set_level(request));
                    },
                    WebAccess::kControlOnly,
                    {"level"}});
  return routes;
}

}  // namespace meterbill
