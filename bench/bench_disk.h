// The limit of what is durable: the same bytes, appended and synced.
#pragma once

#include <cstdint>
#include <string>

namespace meterbill::bench {

/// `count` appends of `bytes` each to one file, from `writers` threads that take turns as a
/// server's connections would, each synced before the next. Prints `{"seconds":…,"count":…}`;
/// returns what failed, empty if nothing.
[[nodiscard]] std::string sync(const std::string& path, std::int64_t bytes, std::int64_t count,
                               int writers);

}  // namespace meterbill::bench
