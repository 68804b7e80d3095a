#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "runtime/thread_pool.h"

namespace instseg {

// Calls draw(item, workspace) for items 0 .. count - 1, each once, on all threads of the pool; a
// workspace is used by one thread at a time. `workspaces` grows to the number of threads.
template <typename Workspace, typename Draw>
void draw_in_parallel(std::size_t count, const ThreadPool& pool, std::vector<Workspace>& workspaces,
                      Draw&& draw) {
  const std::size_t num_workers = std::min(static_cast<std::size_t>(pool.size()), count);
  if (workspaces.size() < num_workers) workspaces.resize(num_workers);
  std::atomic<std::size_t> next{0};
  pool.parallel_for(static_cast<int>(num_workers), [&](int worker) {
    for (std::size_t item; (item = next.fetch_add(1)) < count;) {
      draw(item, workspaces[static_cast<std::size_t>(worker)]);
    }
  });
}

}  // namespace instseg
