#include "cuda/host_kernels.h"

#include <cstdint>

#include "cuda/mask_pixel.h"
#include "cuda/preprocess_pixel.h"

namespace instseg::testing {

void run_on_host(const PreprocessTask& task) {
  for (int y = 0; y < task.padded_height; ++y) {
    for (int x = 0; x < task.padded_width; ++x) preprocess_pixel(task, y, x);
  }
}

void run_on_host(const MaskBatch& batch) {
  for (int t = 0; t < batch.num_tasks; ++t) {
    const MaskTask& task = batch.tasks[t];
    for (int i = 0; i < task.tile_height * task.tile_width; ++i) {
      batch.tiles[task.tile_begin + i] =
          tile_logit(batch, task, i / task.tile_width, i % task.tile_width);
    }
    std::uint64_t* word = batch.words + task.word_begin;
    for (int y = 0; y < task.height; ++y) {
      for (int i = 0; i < task.words_per_row; ++i) {
        *word = 0;
        for (int x = 64 * i; x < 64 * (i + 1) && x < task.width; ++x) {
          if (mask_pixel(batch, task, y, x)) *word |= std::uint64_t{1} << (x % 64);
        }
        ++word;
      }
    }
  }
}

void run_on_host(const FiniteTask& task) {
  for (std::int64_t i = 0; i < task.count; ++i) {
    if (!is_finite(task.values[i])) *task.found = 1;
  }
}

}  // namespace instseg::testing
