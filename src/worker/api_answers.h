#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/web.h"

namespace meterbill {

/// The HTTP status of a failure: 404 what does not exist, 400 what cannot be right, 409 what is
/// refused, 503 what may work later, 500 all else.
[[nodiscard]] WebResponse answer_failure(const Error& error);

[[nodiscard]] WebResponse answer_json(std::string body, unsigned status = 200);
[[nodiscard]] WebResponse answer_text(std::string body, std::string content_type);

/// The first value of a query parameter; empty when absent.
[[nodiscard]] std::string_view query_value(const WebRequest& request, std::string_view name);

}  // namespace meterbill
