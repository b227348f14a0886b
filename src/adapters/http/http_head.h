#pragma once

#include <string>

#include "base/clock.h"
#include "ports/web.h"

namespace meterbill {

struct HeadOptions {
  bool is_head = false;  ///< answers HEAD: the length of the body that is left out
  bool keep = false;     ///< another request may follow
  bool http_10 = false;  ///< the client must be told that the connection stays
};

/// 1xx, 204 and 304 have none.
[[nodiscard]] bool may_have_body(unsigned status);

/// Status line and fields of an answer, with the empty line. A field whose name or value could end
/// the line (CR, LF, NUL: text from outside) is left out.
[[nodiscard]] std::string response_head(const WebResponse& response, UtcTime now,
                                        const HeadOptions& options);

}  // namespace meterbill
