#pragma once

#include <cstdint>

#include "cpu/host_device.h"

namespace instseg {

// Whether any of so many values is NaN or infinite. Plain data: an argument of a kernel; pointers
// are of the memory that the code runs on (GPU, or CPU in tests).
struct FiniteTask {
  const float* values = nullptr;
  std::int64_t count = 0;
  std::uint32_t* found = nullptr;  // becomes 1 where there is one, else stays as it is
};

// 0 * x is NaN where x is NaN or infinite.
INSTSEG_HOST_DEVICE inline bool is_finite(float value) { return product(value, 0.0f) == 0.0f; }

}  // namespace instseg
