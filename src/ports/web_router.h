#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ports/web.h"

namespace meterbill {

/// What stood for the {names} of a pattern.
using PathValues = std::map<std::string, std::string, std::less<>>;

using WebHandler =
    std::function<void(const WebRequest& request, const PathValues& values, Respond respond)>;

/// Who may use a route.
enum class WebAccess {
  kEverybody,    ///< whoever reaches the server
  kControlOnly,  ///< only through the control channel: it changes something
};

/// One row of the table: `{"GET", "/api/cost/{machine}", handler}`. A {name} stands for one whole,
/// non-empty segment.
struct WebRoute {
  std::string method;
  std::string pattern;
  WebHandler handler;
  WebAccess access = WebAccess::kEverybody;
  std::vector<std::string> parameters{};  ///< of the query; under /api/v1/ no other is taken
};

/// Finds the handler of a request in an explicit table; the first row that matches wins. HEAD is
/// answered by GET's handler (the server leaves the body out). Nothing matches: 404; other methods
/// do: 405 with Allow; a kControlOnly route asked for over TCP: 403; a parameter that a route under
/// /api/v1/ does not have, which would be ignored: 400.
///
/// A linear search over some thirty rows: no tree to understand, and nothing beside the disk's
/// cost.
class Router final : public WebApp {
 public:
  explicit Router(std::vector<WebRoute> routes) : routes_(std::move(routes)) {}

  void handle(WebRequest request, Respond respond) override {
    const std::string_view asked = request.method;
    const std::string_view wanted = asked == "HEAD" ? std::string_view("GET") : asked;
    std::string allow;
    for (const WebRoute& route : routes_) {
      const std::optional<PathValues> values = match(route.pattern, request.path);
      if (!values) continue;
      if (route.method == wanted) return run(route, request, *values, std::move(respond));
      add_method(allow, route.method);
    }
    respond(allow.empty() ? not_found(request.path) : not_allowed(request.method, allow));
  }

 private:
  static void run(const WebRoute& route, const WebRequest& request, const PathValues& values,
                  Respond respond) {
    if (route.access == WebAccess::kControlOnly && !request.control) {
      respond(json_error(403, "control channel only",
                         "changes go through the control socket: run `meterbill` on this machine "
                         "as a user who may open it"));
      return;
    }
    if (auto refusal = unknown_parameter(route, request)) return respond(*std::move(refusal));
    route.handler(request, values, std::move(respond));
  }

  static std::optional<WebResponse> unknown_parameter(const WebRoute& route,
                                                      const WebRequest& request) {
    if (!route.pattern.starts_with("/api/v1/")) return std::nullopt;
    for (const auto& [name, value] : request.query) {
      if (std::ranges::find(route.parameters, name) != route.parameters.end()) continue;
      std::string known;
      for (const std::string& parameter : route.parameters)
        known += (known.empty() ? "" : ", ") + parameter;
      return json_error(400, "bad request",
                        "there is no parameter '" + name + "' here; there is " +
                            (known.empty() ? "none" : known));
    }
    return std::nullopt;
  }

  static WebResponse not_found(std::string_view path) {
    return json_error(404, "not found", "there is nothing at " + std::string(path));
  }

  static WebResponse not_allowed(std::string_view method, const std::string& allow) {
    WebResponse response = json_error(405, "method not allowed",
                                      std::string(method) + " is not possible here: " + allow);
    response.headers.push_back({"Allow", allow});
    return response;
  }

  static void add_method(std::string& allow, std::string_view method) {
    if ((", " + allow + ",").find(", " + std::string(method) + ",") != std::string::npos) return;
    if (!allow.empty()) allow += ", ";
    allow += method;
    if (method == "GET") allow += ", HEAD";
  }

  /// The segment that begins at `at` (behind a '/'); moves `at` behind it.
  static std::string_view segment(std::string_view text, std::size_t& at) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    at = end + 1;
    return part;
  }

  static std::optional<PathValues> match(std::string_view pattern, std::string_view path) {
    PathValues values;
    std::size_t in_pattern = 1;
    std::size_t in_path = 1;
    while (in_pattern <= pattern.size() && in_path <= path.size()) {
      const std::string_view want = segment(pattern, in_pattern);
      const std::string_view got = segment(path, in_path);
      if (want.starts_with('{') && want.ends_with('}')) {
        if (got.empty()) return std::nullopt;
        values.emplace(want.substr(1, want.size() - 2), got);
      } else if (want != got) {
        return std::nullopt;
      }
    }
    if (in_pattern <= pattern.size() || in_path <= path.size()) return std::nullopt;
    return values;
  }

  std::vector<WebRoute> routes_;
};

}  // namespace meterbill
