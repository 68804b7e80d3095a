#include "float_array.h"

#include <limits>
#include <string>

#include "instseg/errors.h"

namespace instseg::python {

std::vector<int> float_array_sizes(const py::array& array, const char* name, int ndim) {
  const bool fits = py::isinstance<py::array_t<float>>(array) && array.ndim() == ndim &&
                    (array.flags() & py::array::c_style) != 0;
  std::vector<int> shape;
  for (py::ssize_t d = 0; d < array.ndim(); ++d) {
    if (!fits || array.shape(d) < 1 || array.shape(d) > std::numeric_limits<int>::max()) {
      shape.clear();
      break;
    }
    shape.push_back(static_cast<int>(array.shape(d)));
  }
  if (shape.empty()) {
    throw InvalidArgument(std::string(name) + " has dtype " +
                          py::str(array.dtype()).cast<std::string>() + ", shape " +
                          py::str(array.attr("shape")).cast<std::string>() +
                          "; give a C-contiguous float32 array of " + std::to_string(ndim) +
                          " dimensions, none of them 0");
  }
  return shape;
}

}  // namespace instseg::python
