#include "base/per_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace meterbill {
namespace {

struct First;
struct Second;

/// Says when it goes, and whether it was whole until then.
struct Counted {
  ~Counted() {
    if (text == std::string(100, 'x')) ++whole;
    order.push_back(this);
  }
  std::string text = std::string(100, 'x');
  static inline std::atomic<int> whole{0};
  static inline std::vector<const void*> order;  ///< of threads that ended before the next began
};

TEST(PerThreadTest, EachThreadHasOneOfEachKindUntilItEnds) {
  Counted::whole = 0;
  Counted::order.clear();
  const void* first = nullptr;
  const void* second = nullptr;
  std::thread([&] {
    first = &per_thread<Counted, First>();
    second = &per_thread<Counted, Second>();
    EXPECT_EQ(&(per_thread<Counted, First>()), first);
    EXPECT_NE(first, second);
    EXPECT_EQ(Counted::whole, 0);
  }).join();
  EXPECT_EQ(Counted::whole, 2);
  EXPECT_EQ(Counted::order, (std::vector<const void*>{second, first}));
  std::thread([&] { per_thread<Counted, First>(); }).join();
  EXPECT_EQ(Counted::whole, 3);
}

}  // namespace
}  // namespace meterbill
