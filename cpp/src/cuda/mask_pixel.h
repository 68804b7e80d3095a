#pragma once

#include <cstddef>

#include "cpu/host_device.h"
#include "cuda/mask_task.h"
#include "postprocess/bilinear_tap.h"

namespace instseg {

// render_mask() (postprocess/mask_render.h) value by value, the same bits: first the logits of the
// prototypes under a mask, then its pixels.

// Logit [row, column] of the task's tile: the sum over p of coefficients[p] * prototypes[p], p from
// 0 on.
INSTSEG_HOST_DEVICE inline float tile_logit(const MaskBatch& batch, const MaskTask& task, int row,
                                            int column) {
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(batch.height) * batch.width;
  const float* const values = batch.prototypes +
                              static_cast<std::ptrdiff_t>(task.first_row + row) * batch.width +
                              (task.first_column + column);
  const float* const coefficients =
      batch.coefficients + static_cast<std::ptrdiff_t>(task.coefficient_row) * batch.num_prototypes;
  float logit = 0.0f;
  for (int p = 0; p < batch.num_prototypes; ++p) {
    logit = sum(logit, product(coefficients[p], values[p * plane]));
  }
  return logit;
}

// Whether the pixel at column x, row y of the task's region is foreground; its tile is complete.
INSTSEG_HOST_DEVICE inline bool mask_pixel(const MaskBatch& batch, const MaskTask& task, int y,
                                           int x) {
  const BilinearTap row = bilinear_tap(batch.height, batch.row_ratio, task.y + y);
  const BilinearTap column = bilinear_tap(batch.width, batch.column_ratio, task.x + x);
  const int next_row = row.source + 1 < batch.height ? row.source + 1 : row.source;
  const int next_column = column.source + 1 < batch.width ? column.source + 1 : column.source;
  const auto blended = [&](int source) {
    const float* const logits =
        batch.tiles + task.tile_begin +
        static_cast<std::ptrdiff_t>(source - task.first_row) * task.tile_width;
    return sum(product(logits[column.source - task.first_column], column.weight0),
               product(logits[next_column - task.first_column], column.weight1));
  };
  return sum(product(blended(row.source), row.weight0), product(blended(next_row), row.weight1)) >
         batch.threshold;
}

}  // namespace instseg
