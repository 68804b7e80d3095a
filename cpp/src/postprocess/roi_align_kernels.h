#pragma once

#include <cstddef>

#include "cpu/kernel_table.h"

namespace instseg {

// Columns of a feature map that each bin sums up, as RoiAxis says.
struct RoiColumns {
  int bins;
  const int* first;
  const int* count;
  const int* offset;
  const float* weights;
};

struct RoiAlignKernels {
  // sums [bins, channels] += row_weight * (weighted sum of the pixels of each bin). `row` is one
  // row of a feature map, `channels` floats per pixel.
  void (*add_row)(const float* row, std::size_t channels, const RoiColumns& columns,
                  float row_weight, float* sums);
  // Both at once, for a row that lies in two bins: sums0 with weight0, sums1 with weight1.
  void (*add_row_twice)(const float* row, std::size_t channels, const RoiColumns& columns,
                        float weight0, float* sums0, float weight1, float* sums1);
};

INSTSEG_DECLARE_KERNELS(RoiAlignKernels, kRoiAlignKernels)

}  // namespace instseg
