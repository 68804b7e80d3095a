#include "runtime/fair_pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

std::vector<std::unique_ptr<int>> numbers(int count) {
  std::vector<std::unique_ptr<int>> all;
  for (int i = 0; i < count; ++i) all.push_back(std::make_unique<int>(i));
  return all;
}

TEST(FairPool, LendsEachObjectToOneAtATime) {
  FairPool<int> pool(numbers(3));
  EXPECT_EQ(pool.size(), 3u);
  std::vector<std::atomic<int>> users(3);
  std::atomic<bool> shared = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto lease = pool.take();
        if (++users[static_cast<std::size_t>(*lease)] != 1) shared = true;
        if (i % 16 == 0) std::this_thread::yield();
        --users[static_cast<std::size_t>(*lease)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(!shared);
  // All are back.
  const auto a = pool.take();
  const auto b = pool.take();
  const auto c = pool.take();
  EXPECT_EQ(*a + *b + *c, 0 + 1 + 2);
}

TEST(FairPool, LendsTheLastUsedFirst) {
  FairPool<int> pool(numbers(3));
  int last = -1;
  {
    const auto lease = pool.take();
    last = *lease;
  }
  const auto lease = pool.take();
  EXPECT_EQ(*lease, last);
}

TEST(FairPool, ServesInTheOrderOfComing) {
  FairPool<int> pool(numbers(1));
  std::vector<int> served;  // guarded by the lease
  std::vector<std::thread> threads;
  {
    const auto first = pool.take();
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        const auto lease = pool.take();
        served.push_back(t);
      });
      while (pool.num_waiting() != static_cast<std::size_t>(t + 1)) std::this_thread::yield();
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE((served == std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(pool.num_waiting(), 0u);
}

// A thread that takes and gives back in a loop must not starve one that waits.
TEST(FairPool, LetsNobodyOvertakeWhoWaits) {
  FairPool<int> pool(numbers(1));
  std::thread waiter;
  bool served = false;  // guarded by the lease
  {
    const auto lease = pool.take();
    waiter = std::thread([&] {
      const auto own = pool.take();
      served = true;
    });
    while (pool.num_waiting() != 1) std::this_thread::yield();
  }
  {
    const auto lease = pool.take();  // comes after the waiter
    EXPECT_TRUE(served);
  }
  waiter.join();
}

TEST(FairPool, TakesBackFromACallThatThrows) {
  FairPool<int> pool(numbers(1));
  for (int i = 0; i < 3; ++i) {
    try {
      const auto lease = pool.take();
      throw std::runtime_error("planned");
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_EQ(*pool.take(), 0);
}

}  // namespace
}  // namespace instseg
