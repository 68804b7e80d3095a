#include "runtime/core_count.h"

#include <thread>

#include "testing.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace instseg {
namespace {

TEST(UsableCores, AreBetweenOneAndTheHardwareThreads) {
  const int cores = usable_cores();
  EXPECT_TRUE(cores >= 1);
  const unsigned threads = std::thread::hardware_concurrency();  // 0 = unknown
  EXPECT_TRUE(threads == 0 || cores <= static_cast<int>(threads));
}

#if defined(__linux__)
TEST(UsableCores, FollowTheAffinityOfTheThread) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}
#endif

}  // namespace
}  // namespace instseg
