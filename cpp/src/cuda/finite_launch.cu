#include <cstdint>

#include "cuda/finite_task.h"
#include "cuda/launch.h"
#include "cuda/launch_check.h"

namespace instseg {
namespace {

// Every thread looks at each (blocks * threads)-th value; threads of a warp read neighbours.
__global__ void finite_kernel(const FiniteTask task) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  bool found = false;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       i < task.count; i += step) {
    found = found || !is_finite(task.values[i]);
  }
  if (found) atomicOr(task.found, 1u);
}

}  // namespace

void launch_finite_check(const FiniteTask& task, CudaStream stream) {
  if (task.count == 0) return;
  constexpr std::int64_t kThreads = 256;
  constexpr std::int64_t kMostBlocks = 1024;
  const std::int64_t needed = (task.count + kThreads - 1) / kThreads;
  const auto blocks = static_cast<unsigned>(needed < kMostBlocks ? needed : kMostBlocks);
  finite_kernel<<<blocks, static_cast<unsigned>(kThreads), 0, stream>>>(task);
  check_launch("finite_kernel");
}

}  // namespace instseg
