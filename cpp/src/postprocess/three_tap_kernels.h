#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

// Floats that three_taps_of_row may read past the last source it needs.
constexpr std::size_t kMaxThreeTapOverread = 32;

struct ThreeTapKernels {
  // out [count] = values[source[i]] * weights0[i] + values[source[i] + 1] * weights1[i] +
  // values[source[i] + 2] * weights2[i]. count is a multiple of 64 and source falls nowhere.
  void (*three_taps_of_row)(const float* values, const int* source, const float* weights0,
                            const float* weights1, const float* weights2, int count, float* out);

  // Bit x of out [words] = row0[x] * weight0 + row1[x] * weight1 + row2[x] * weight2 > threshold;
  // rows of 64 * words. NaN gives 0.
  void (*blend_three_and_threshold)(const float* row0, const float* row1, const float* row2,
                                    float weight0, float weight1, float weight2, float threshold,
                                    std::size_t words, std::uint64_t* out);
};

INSTSEG_DECLARE_KERNELS(ThreeTapKernels, kThreeTapKernels)

}  // namespace instseg
