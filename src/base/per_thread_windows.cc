#include <windows.h>

#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/per_thread.h"

namespace meterbill {
namespace {

using Objects = std::vector<std::pair<void (*)(void*), void*>>;

void WINAPI destroy_all(void* data) {
  const auto* const objects = static_cast<Objects*>(data);
  for (auto entry = objects->rbegin(); entry != objects->rend(); ++entry)
    entry->first(entry->second);
  delete objects;
}

}  // namespace

// Fiber-local storage: of what a thread can keep, the kind of which Windows tells the end.
void at_thread_end(void (*destroy)(void*), void* object) {
  static const DWORD slot = FlsAlloc(destroy_all);
  MB_ASSERT(slot != FLS_OUT_OF_INDEXES);
  auto* objects = static_cast<Objects*>(FlsGetValue(slot));
  if (objects == nullptr) {
    objects = new Objects;
    FlsSetValue(slot, objects);
  }
  objects->emplace_back(destroy, object);
}

}  // namespace meterbill
