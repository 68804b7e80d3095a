#pragma once

#include <cstddef>
#include <cstdint>

namespace instseg {

// One mask to draw. Plain data, read by the kernels.
struct MaskTask {
  // Region of the image: columns x .. x + width - 1, rows y .. y + height - 1.
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  // The part of the prototypes under it, whose logits are computed first.
  int first_row = 0;
  int first_column = 0;
  int tile_height = 0;
  int tile_width = 0;
  int coefficient_row = 0;
  int words_per_row = 0;
  // Where the mask's part begins in MaskBatch::tiles and MaskBatch::words.
  std::int64_t tile_begin = 0;
  std::int64_t word_begin = 0;
};

// The masks of one image. Plain data: an argument of the kernels. All pointers are of the memory
// that the code runs on (GPU, or CPU in tests).
struct MaskBatch {
  const float* prototypes = nullptr;  // [num_prototypes, height, width]
  int num_prototypes = 0;
  int height = 0;
  int width = 0;
  const float* coefficients = nullptr;  // [coefficient rows, num_prototypes]
  float row_ratio = 0;                  // prototype pixels per image pixel (bilinear_ratio)
  float column_ratio = 0;
  float threshold = 0;  // of logits; a pixel is foreground above it
  const MaskTask* tasks = nullptr;
  int num_tasks = 0;
  int most_tile_values = 0;  // of one task
  int most_words_per_row = 0;
  int most_rows = 0;
  float* tiles = nullptr;          // scratch
  std::uint64_t* words = nullptr;  // out: rows as in Mask, one task after the other
};

}  // namespace instseg
