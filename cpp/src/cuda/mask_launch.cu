#include <cstdint>

#include "cuda/launch.h"
#include "cuda/launch_check.h"
#include "cuda/mask_pixel.h"

namespace instseg {
namespace {

constexpr unsigned kWarp = 32;
constexpr unsigned kMostTasks = 65535;  // blocks along y or z of one launch

// One thread per value of a tile; blockIdx.y = the task.
__global__ void tile_kernel(const MaskBatch batch, int first_task) {
  const MaskTask task = batch.tasks[first_task + static_cast<int>(blockIdx.y)];
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= task.tile_height * task.tile_width) return;
  batch.tiles[task.tile_begin + i] =
      tile_logit(batch, task, i / task.tile_width, i % task.tile_width);
}

// One warp per half word of 32 pixels, one thread per pixel; blockIdx.z = the task. The GPU's byte
// order puts the lower half of a word first.
__global__ void mask_kernel(const MaskBatch batch, int first_task) {
  const MaskTask task = batch.tasks[first_task + static_cast<int>(blockIdx.z)];
  const int half = static_cast<int>(blockIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (y >= task.height || half >= 2 * task.words_per_row) return;  // the same for a whole warp
  const int x = half * static_cast<int>(kWarp) + static_cast<int>(threadIdx.x);
  const bool foreground = x < task.width && mask_pixel(batch, task, y, x);
  const unsigned bits = __ballot_sync(0xffffffffu, foreground);
  if (threadIdx.x == 0) {
    std::uint64_t* const row =
        batch.words + task.word_begin + static_cast<std::int64_t>(y) * task.words_per_row;
    reinterpret_cast<std::uint32_t*>(row)[half] = bits;
  }
}

}  // namespace

void launch_masks(const MaskBatch& batch, CudaStream stream) {
  if (batch.most_rows == 0 || batch.most_words_per_row == 0) return;
  constexpr unsigned kValues = 256;
  const dim3 rows(kWarp, 8);
  const unsigned tile_blocks =
      (static_cast<unsigned>(batch.most_tile_values) + kValues - 1) / kValues;
  for (unsigned first = 0; first < static_cast<unsigned>(batch.num_tasks); first += kMostTasks) {
    const unsigned rest = static_cast<unsigned>(batch.num_tasks) - first;
    const unsigned count = rest < kMostTasks ? rest : kMostTasks;
    if (tile_blocks != 0) {  // masks without a region need no values
      tile_kernel<<<dim3(tile_blocks, count), kValues, 0, stream>>>(batch, static_cast<int>(first));
      check_launch("tile_kernel");
    }
    const dim3 grid(2 * static_cast<unsigned>(batch.most_words_per_row),
                    (static_cast<unsigned>(batch.most_rows) + rows.y - 1) / rows.y, count);
    mask_kernel<<<grid, rows, 0, stream>>>(batch, static_cast<int>(first));
    check_launch("mask_kernel");
  }
}

}  // namespace instseg
