#include <utility>
#include <vector>

#include "base/per_thread.h"

namespace meterbill {
namespace {

class Ended {
 public:
  Ended() = default;
  Ended(const Ended&) = delete;
  Ended& operator=(const Ended&) = delete;
  ~Ended() {
    for (auto entry = objects_.rbegin(); entry != objects_.rend(); ++entry)
      entry->first(entry->second);
  }
  void add(void (*destroy)(void*), void* object) { objects_.emplace_back(destroy, object); }

 private:
  std::vector<std::pair<void (*)(void*), void*>> objects_;
};

}  // namespace

void at_thread_end(void (*destroy)(void*), void* object) {
  thread_local Ended ended;
  ended.add(destroy, object);
}

}  // namespace meterbill
