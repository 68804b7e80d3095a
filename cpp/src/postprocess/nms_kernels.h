#pragma once

#include <cstddef>

#include "cpu/kernel_table.h"

namespace instseg {

// Boxes that were kept so far: x1[count], y1[count], ...
struct KeptBoxes {
  const float* x1;
  const float* y1;
  const float* x2;
  const float* y2;
  const float* area;
  std::size_t count;
};

struct NmsKernels {
  // Whether the box (x1, y1, x2, y2) has an IoU with any kept box that is not <= threshold.
  // side is added to the sides of an intersection.
  bool (*suppressed)(const KeptBoxes& kept, const float* box, float area, float side,
                     float threshold);
};

INSTSEG_DECLARE_KERNELS(NmsKernels, kNmsKernels)

}  // namespace instseg
