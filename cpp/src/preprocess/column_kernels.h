#pragma once

#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

// Resizing along y: one row of the result from the rows that row_kernels.h made, `count` values
// each.
struct ColumnKernels {
  // out = (((w0 * r0) >> 16) + ((w1 * r1) >> 16) + 2) >> 2, weights with 11 fractional bits
  void (*linear_column)(const std::int16_t* const rows[2], const std::int16_t weights[2], int count,
                        std::uint8_t* out);

  // Every step rounded to float32, but a product and the sum around it in [] only together, as IPP
  // does it; then rounded half to even and clamped to [0, 255]:
  //   out = [w0 * r0 + (w1 * r1)] + [w2 * r2 + (w3 * r3)]
  void (*cubic_column)(const float* const rows[4], const float weights[4], int count,
                       std::uint8_t* out);

  // The same for output pixels with a tap outside the image, along either axis:
  //   out = (w0 * r0 + w2 * r2) + (w1 * r1 + w3 * r3)
  void (*cubic_border_column)(const float* const rows[4], const float weights[4], int count,
                              std::uint8_t* out);

  // out = sum of weights[k] * rows[k] from k = 0 on, every step rounded to float32; num_taps 2 or 4
  void (*float_column)(const float* const* rows, const float* weights, int num_taps, int count,
                       float* out);
};

INSTSEG_DECLARE_KERNELS(ColumnKernels, kColumnKernels)

}  // namespace instseg
