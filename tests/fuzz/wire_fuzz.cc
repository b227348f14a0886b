#include <cstddef>
#include <cstdint>

#include "fuzz/wire_target.h"

// libFuzzer's entry: build/<preset>/bin/wire_fuzz -max_total_time=60 tests/fuzz/corpus/wire
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  meterbill::check_wire({reinterpret_cast<const char*>(data), size});
  return 0;
}
