#include "worker/api_answers.h"

#include <string>
#include <utility>

#include "base/platform_words.h"

namespace meterbill {

WebResponse answer_failure(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
      return json_error(404, "not found", error.message);
    case Code::kInvalid:
    case Code::kUsage:
    case Code::kOverflow:
    case Code::kConfig:
      return json_error(400, "bad request", error.message);
    case Code::kRefused:
    case Code::kPermission:
      return json_error(409, "refused", error.message);
    case Code::kConflict:
    case Code::kUnavailable:
      return json_busy(error.message, 5);
    case Code::kDiskFull:
      return json_error(507, "disk full",
                        error.message +
                            "; nothing was changed: free space on the disk of the "
                            "ledger and do it again");
    case Code::kDamaged:
      return json_error(500, "damaged",
                        error.message +
                            "; the ledger is damaged, nothing is billed from it: put "
                            "a backup in its place (" +
                            std::string(kLedgerManual) + ", \"Backup and restore\")");
    case Code::kTooNew:
    case Code::kIo:
      break;
  }
  return json_error(500, "internal error", error.message);
}

WebResponse answer_json(std::string body, unsigned status) {
  WebResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

WebResponse answer_text(std::string body, std::string content_type) {
  WebResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

std::string_view query_value(const WebRequest& request, std::string_view name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace meterbill
