#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

// Floats that interpolate_row may read past the last source it needs.
constexpr std::size_t kMaxRowOverread = 32;

struct MaskKernels {
  // out [rows, columns], rows out_stride apart = sum over p of coefficients[p] * prototypes[p],
  // p from 0 on. Prototype p starts at prototypes + p * plane_stride, its rows are row_stride
  // apart.
  void (*combine_prototypes)(const float* prototypes, std::size_t plane_stride,
                             std::size_t row_stride, const float* coefficients, int num_prototypes,
                             int rows, int columns, float* out, std::size_t out_stride);

  // out [count] = values[source[i] - origin] * weight0[i] + values[source[i] - origin + 1] *
  // weight1[i]. count is a multiple of 64 and source falls nowhere.
  void (*interpolate_row)(const float* values, int origin, const int* source, const float* weight0,
                          const float* weight1, int count, float* out);

  // out [count] = row0[x] * weight0 + row1[x] * weight1.
  void (*blend_rows)(const float* row0, const float* row1, float weight0, float weight1,
                     std::size_t count, float* out);

  // Bit x of out [words] = row0[x] * weight0 + row1[x] * weight1 > threshold; rows of 64 * words.
  // NaN gives 0.
  void (*blend_and_threshold)(const float* row0, const float* row1, float weight0, float weight1,
                              float threshold, std::size_t words, std::uint64_t* out);

  // Replaces each of the count values by its sigmoid, to 3 units in the last place.
  void (*sigmoid)(float* values, std::size_t count);
};

INSTSEG_DECLARE_KERNELS(MaskKernels, kMaskKernels)

}  // namespace instseg
