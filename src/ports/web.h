#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "wire/message.h"

namespace meterbill {

/// One request, read wholly and checked by the server: within its limits, from an allowed host.
struct WebRequest {
  std::string method;  ///< as sent: "GET", "HEAD", "POST"
  std::string path;    ///< percent-decoded, begins with '/', without the query
  std::multimap<std::string, std::string, std::less<>> query;  ///< decoded; '+' is a blank
  std::string content_type;                                    ///< empty when absent
  std::string accept;
  std::string body;
  std::string host;      ///< as sent, with its port
  bool control = false;  ///< came through the control channel: its file mode was the permission
  std::string peer;      ///< "127.0.0.1:40312", or "control"
};

/// One answer. The server adds Date, Content-Length, Connection, `X-Content-Type-Options: nosniff`
/// and, unless `headers` says otherwise, `Cache-Control: no-store`.
struct WebResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<Header> headers = {};  ///< besides those named above
};

using Respond = std::function<void(WebResponse)>;

/// What a program answers. `handle` is called on the server's one I/O thread and must not block:
/// what needs the disk goes to a QueryPool or an inbox. `respond` may be called from any thread, at
/// once or later, exactly once; a copy that is dropped uncalled makes the server answer 500.
class WebApp {
 public:
  virtual ~WebApp() = default;
  virtual void handle(WebRequest request, Respond respond) = 0;
};

/// `{"error":…,"detail":…}`: every answer that is no success. `error` is a short constant to branch
/// on or show, `detail` says what happened and names the remedy.
[[nodiscard]] inline WebResponse json_error(unsigned status, std::string_view error,
                                            std::string_view detail) {
  WebResponse response;
  response.status = status;
  response.body = "{\"error\":";
  append_json_text(response.body, error);
  response.body += ",\"detail\":";
  append_json_text(response.body, detail);
  response.body += "}";
  return response;
}

/// 503 for now: the caller may come again after that many seconds.
[[nodiscard]] inline WebResponse json_busy(std::string_view detail, int retry_after_seconds) {
  WebResponse response = json_error(503, "unavailable", detail);
  response.headers.push_back({"Retry-After", std::to_string(retry_after_seconds)});
  return response;
}

}  // namespace meterbill
