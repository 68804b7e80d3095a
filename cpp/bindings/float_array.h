#pragma once

#include <vector>

#include "bindings.h"

namespace instseg::python {

// The sizes of a float32 array in C order of `ndim` dimensions, none of them 0; throws
// InvalidArgument for others.
std::vector<int> float_array_sizes(const py::array& array, const char* name, int ndim);

inline const float* float_values(const py::array& array) {
  return static_cast<const float*>(array.data());
}

}  // namespace instseg::python
