#pragma once

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"

namespace meterbill {

/// Lets a context trust the authorities that this machine trusts. kIo: they cannot be read.
[[nodiscard]] Result<void> trust_system(boost::asio::ssl::context& context);

}  // namespace meterbill
