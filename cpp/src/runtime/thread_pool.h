#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace instseg {

// A fixed number of threads that share the items of a loop. The calling thread is one of them, so a
// pool of size 1 has no worker and runs everything in place. Idle workers sleep; none of them spins
// beside the threads of an inference engine. Safe to call from many threads at once and from inside
// a body: a caller works on its own loop until nothing is left of it, whatever the workers do.
class ThreadPool {
 public:
  // Throws InvalidArgument unless num_threads >= 1, Error where the system has no thread left.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  // Calls body(0) .. body(count - 1), each once, in any order, and returns when all have returned.
  // Everything they wrote is then visible to the caller. After the first exception no new item is
  // started, and that exception is rethrown here. Allocates nothing.
  template <typename Body>
  void parallel_for(int count, Body&& body) const {
    using Callable = std::remove_reference_t<Body>;
    run(
        count,
        [](const void* callable, int item) {
          (*static_cast<Callable*>(const_cast<void*>(callable)))(item);
        },
        static_cast<const void*>(std::addressof(body)));
  }

 private:
  using Call = void (*)(const void* callable, int item);
  struct Loop;

  void run(int count, Call call, const void* callable) const;
  void work() const;
  void stop();

  int size_;
  std::vector<std::thread> workers_;
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;  // an open loop has items left, or the pool ends
  mutable Loop* open_loops_ = nullptr;    // list of loops that may still give items
  bool ending_ = false;
};

}  // namespace instseg
