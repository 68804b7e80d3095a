#include "runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(ThreadPool, RunsEveryItemOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    const ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const int count : {0, 1, 2, 3, 7, 100, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      pool.parallel_for(count, [&](int i) { ++runs[static_cast<std::size_t>(i)]; });
      EXPECT_TRUE(std::all_of(runs.begin(), runs.end(), [](const auto& n) { return n == 1; }));
    }
  }
}

TEST(ThreadPool, RunsNothingForANegativeCount) {
  const ThreadPool pool(2);
  bool run = false;
  pool.parallel_for(-3, [&](int) { run = true; });
  EXPECT_TRUE(!run);
}

TEST(ThreadPool, ShowsTheCallerWhatItemsWrote) {
  // Plain ints: ThreadSanitizer would report a missing order between a worker and the caller.
  const ThreadPool pool(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> squares(64, -1);
    pool.parallel_for(64, [&](int i) { squares[static_cast<std::size_t>(i)] = i * i + round; });
    for (int i = 0; i < 64; ++i) ASSERT_EQ(squares[static_cast<std::size_t>(i)], i * i + round);
  }
}

TEST(ThreadPool, OfOneThreadStaysOnTheCaller) {
  const ThreadPool pool(1);
  std::set<std::thread::id> ids;
  pool.parallel_for(50, [&](int) { ids.insert(std::this_thread::get_id()); });
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_TRUE(ids.count(std::this_thread::get_id()) == 1);
}

TEST(ThreadPool, UsesAllItsThreads) {
  // Every item waits until as many as there are threads have begun: fewer would hang, so a
  // deadline.
  const ThreadPool pool(4);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  std::atomic<int> begun = 0;
  std::atomic<bool> late = false;
  pool.parallel_for(4, [&](int) {
    ++begun;
    while (begun < 4 && !late) {
      if (std::chrono::steady_clock::now() > deadline) late = true;
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(!late);
}

TEST(ThreadPool, RethrowsTheFirstExceptionAndStartsNoMoreItems) {
  for (const int threads : {1, 4}) {
    const ThreadPool pool(threads);
    std::atomic<int> after = 0;
    EXPECT_THROWS(std::runtime_error, "item 0 failed", pool.parallel_for(1'000'000, [&](int i) {
      if (i == 0) throw std::runtime_error("item 0 failed");
      ++after;
    }));
    EXPECT_TRUE(after < 999'999);
    // The pool is still good.
    std::atomic<int> sum = 0;
    pool.parallel_for(10, [&](int i) { sum += i; });
    EXPECT_EQ(sum.load(), 45);
  }
}

TEST(ThreadPool, RethrowsWhenEveryItemThrows) {
  const ThreadPool pool(4);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROWS(std::runtime_error, "failed", pool.parallel_for(16, [&](int i) {
      throw std::runtime_error(std::to_string(i) + " failed");
    }));
  }
}

TEST(ThreadPool, ServesManyCallersAtOnce) {
  const ThreadPool pool(3);
  constexpr int kCallers = 8;
  constexpr int kRounds = 400;
  std::vector<long> totals(kCallers, 0);
  std::vector<int> caught(kCallers, 0);
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&, c] {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<int> values(static_cast<std::size_t>(1 + (round + c) % 9), 0);
        try {
          pool.parallel_for(static_cast<int>(values.size()), [&](int i) {
            if (round % 50 == 49 && i == 0) throw std::runtime_error("planned");
            values[static_cast<std::size_t>(i)] = i + c;
          });
          totals[static_cast<std::size_t>(c)] += std::accumulate(values.begin(), values.end(), 0L);
        } catch (const std::runtime_error&) {
          ++caught[static_cast<std::size_t>(c)];
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (int c = 0; c < kCallers; ++c) {
    long expected = 0;
    for (int round = 0; round < kRounds; ++round) {
      const int count = 1 + (round + c) % 9;
      if (round % 50 != 49) expected += count * (count - 1) / 2 + static_cast<long>(count) * c;
    }
    EXPECT_EQ(totals[static_cast<std::size_t>(c)], expected);
    EXPECT_EQ(caught[static_cast<std::size_t>(c)], kRounds / 50);
  }
}

TEST(ThreadPool, AllowsALoopInsideALoop) {
  const ThreadPool pool(3);
  std::atomic<int> sum = 0;
  pool.parallel_for(6, [&](int i) { pool.parallel_for(5, [&](int j) { sum += i * 5 + j; }); });
  EXPECT_EQ(sum.load(), 30 * 29 / 2);
}

TEST(ThreadPool, EndsAtOnceAfterManyShortLives) {
  for (int i = 0; i < 100; ++i) {
    const ThreadPool pool(1 + i % 4);
    if (i % 2 == 0) pool.parallel_for(3, [](int) {});
  }
}

TEST(ThreadPool, RefusesASizeBelowOne) {
  EXPECT_THROWS(InvalidArgument, "of 0 threads", ThreadPool(0));
  EXPECT_THROWS(InvalidArgument, "of -2 threads", ThreadPool(-2));
}

}  // namespace
}  // namespace instseg
