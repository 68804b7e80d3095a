#include "runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <system_error>

#include "instseg/errors.h"

namespace instseg {

// One parallel_for call. It lives on the caller's stack: the caller leaves only when the loop is
// off the list and no worker is inside (`helpers` is 0), and workers enter only through the list.
// `next` is taken without the lock; everything else is guarded by the pool's mutex.
struct ThreadPool::Loop {
  Loop(int items, Call body_call, const void* body)
      : call(body_call), callable(body), count(items) {}

  const Call call;
  const void* const callable;
  const int count;
  std::atomic<int> next{0};
  int helpers = 0;
  std::exception_ptr error;
  std::condition_variable left;  // helpers became 0
  Loop* previous = nullptr;
  Loop* following = nullptr;

  // Runs items until none is left. Returns what an item threw, after closing the loop for others.
  std::exception_ptr run_items() {
    try {
      for (int item; (item = take()) < count;) call(callable, item);
    } catch (...) {
      next.store(count, std::memory_order_relaxed);
      return std::current_exception();
    }
    return nullptr;
  }

  // The next item, or count. Never counts past it, so it cannot overflow.
  int take() {
    int item = next.load(std::memory_order_relaxed);
    while (item < count && !next.compare_exchange_weak(item, item + 1, std::memory_order_relaxed)) {
    }
    return item;
  }
};

ThreadPool::ThreadPool(int num_threads) : size_(num_threads) {
  if (num_threads < 1) {
    throw InvalidArgument("A thread pool of " + std::to_string(num_threads) +
                          " threads was asked for; it needs at least 1.");
  }
  try {
    workers_.reserve(static_cast<std::size_t>(num_threads - 1));
    for (int i = 1; i < num_threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    stop();
    throw Error("The system started only " + std::to_string(workers_.size() + 1) + " of " +
                std::to_string(num_threads) + " threads (" + error.what() +
                "); ask for fewer threads.");
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(int count, Call call, const void* callable) const {
  if (count <= 0) return;
  if (count == 1 || size_ == 1) {
    for (int item = 0; item < count; ++item) call(callable, item);
    return;
  }

  Loop loop(count, call, callable);
  {
    const std::lock_guard lock(mutex_);
    loop.following = open_loops_;
    if (open_loops_ != nullptr) open_loops_->previous = &loop;
    open_loops_ = &loop;
  }
  const int useful = std::min(count, size_) - 1;
  if (useful == size_ - 1) {
    wake_.notify_all();
  } else {
    for (int i = 0; i < useful; ++i) wake_.notify_one();
  }

  std::exception_ptr error = loop.run_items();

  std::unique_lock lock(mutex_);
  (loop.previous != nullptr ? loop.previous->following : open_loops_) = loop.following;
  if (loop.following != nullptr) loop.following->previous = loop.previous;
  loop.left.wait(lock, [&] { return loop.helpers == 0; });
  if (loop.error) error = loop.error;
  lock.unlock();
  if (error) std::rethrow_exception(error);
}

void ThreadPool::work() const {
  const auto find = [this]() -> Loop* {
    for (Loop* loop = open_loops_; loop != nullptr; loop = loop->following) {
      if (loop->next.load(std::memory_order_relaxed) < loop->count) return loop;
    }
    return nullptr;
  };

  std::unique_lock lock(mutex_);
  for (;;) {
    Loop* loop = nullptr;
    wake_.wait(lock, [&] { return ending_ || (loop = find()) != nullptr; });
    if (loop == nullptr) return;
    ++loop->helpers;
    lock.unlock();
    const std::exception_ptr error = loop->run_items();
    lock.lock();
    if (error && !loop->error) loop->error = error;
    // Notified under the lock: once it is released the caller may leave and take `left` with it.
    if (--loop->helpers == 0) loop->left.notify_one();
  }
}

}  // namespace instseg
