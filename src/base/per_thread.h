#pragma once

namespace meterbill {

/// Calls `destroy(object)` when the calling thread ends; the later one first.
void at_thread_end(void (*destroy)(void*), void* object);

/// One T for each thread that asks, destroyed with the thread. `Tag`: another T of the same thread.
///
/// Not thread_local of a class: g++ for Windows (mingw-w64) frees the memory of such objects before
/// it calls their destructors. A pointer needs none.
template <typename T, typename Tag = T>
T& per_thread() {
  thread_local T* object = nullptr;
  if (object == nullptr) {
    object = new T;
    at_thread_end(
        [](void* ended) {
          delete static_cast<T*>(ended);
          object = nullptr;
        },
        object);
  }
  return *object;
}

}  // namespace meterbill
