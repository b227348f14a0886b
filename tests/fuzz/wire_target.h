#pragma once

#include <string_view>

namespace meterbill {

/// Feeds arbitrary bytes to everything in src/wire that reads, and checks what must hold for any
/// input; ends the program (MB_ASSERT) when it does not. The fuzzer and the corpus test share it.
///  - JSON is taken exactly when an independent parser (Boost.JSON) takes it, but for our limits.
///  - A message that can be read is written, and read again as the same, in both forms.
///  - Elements of a body lie in it, in order.
///  - A row that can be unpacked packs to the same bytes.
void check_wire(std::string_view bytes);

}  // namespace meterbill
