#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

struct SelectionKernels {
  bool (*has_nan)(const float* values, std::size_t count);

  // Writes the indices i in [begin, count) with values[i] > threshold to out in rising order and
  // returns the index at which it stopped: count, or earlier where out could run full (out has room
  // for `capacity` indices, at least 16). num_out is the number written.
  std::size_t (*indices_above)(const float* values, std::size_t begin, std::size_t count,
                               float threshold, std::uint32_t* out, std::size_t capacity,
                               std::size_t* num_out);
};

INSTSEG_DECLARE_KERNELS(SelectionKernels, kSelectionKernels)

}  // namespace instseg
