// The messages of the benchmarks, as docs/wire.md has them and an agent writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meterbill::bench {

/// What one run sends: `machines` in turn, each message one tick of a second later than the
/// machine's last. Every run of one shape, `start_s` and number sends the same bytes.
struct Shape {
  std::string_view name;
  bool is_sample = false;  ///< the prototype's message, else a reading
  int machines = 0;
  int scopes = 0;  ///< parts of a machine, besides the whole
};

/// `samples-1000`, `readings-1000`, `readings-100000`, `readings-20-scopes`.
[[nodiscard]] std::optional<Shape> find_shape(std::string_view name);

struct Message {
  std::string machine;
  std::string value;
};

/// The message with this number, from 0. `start_s`: UTC seconds of the first tick.
[[nodiscard]] Message message(const Shape& shape, std::int64_t number, std::int64_t start_s);

}  // namespace meterbill::bench
