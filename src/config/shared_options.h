#pragma once

#include <string_view>
#include <vector>

#include "config/option.h"

namespace meterbill {

/// The rows that both programs have: `http.*`, with their own port, and `log.*`.
void append_http_rows(std::vector<Option>& rows, std::string_view listen);
void append_log_rows(std::vector<Option>& rows);

}  // namespace meterbill
