#include <pybind11/stl.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "bindings.h"
#include "instseg/result.h"

namespace instseg::python {
namespace {

template <typename T>
py::array_t<T> copy(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::array_t<float> boxes(const Result& result) {
  static_assert(sizeof(Box) == 4 * sizeof(float));
  py::array_t<float> out({static_cast<py::ssize_t>(result.size()), py::ssize_t{4}});
  std::copy(result.boxes.begin(), result.boxes.end(), reinterpret_cast<Box*>(out.mutable_data()));
  return out;
}

py::array_t<bool> bitmaps(const Result& result) {
  py::array_t<bool> out({static_cast<py::ssize_t>(result.size()),
                         static_cast<py::ssize_t>(result.image_height),
                         static_cast<py::ssize_t>(result.image_width)});
  auto* data = reinterpret_cast<std::uint8_t*>(out.mutable_data());
  const std::ptrdiff_t size = std::ptrdiff_t{result.image_height} * result.image_width;
  const py::gil_scoped_release nogil;
  for (const Mask& mask : result.masks) {
    mask.write_bitmap(data, result.image_width);
    data += size;
  }
  return out;
}

}  // namespace

void bind_result(py::module_& m) {
  py::class_<Result>(m, "Result", "The instances of one image by falling score.")
      .def("__len__", &Result::size)
      .def_property_readonly(
          "image_size",
          [](const Result& result) { return std::pair(result.image_height, result.image_width); },
          "(height, width) of the image.")
      .def_property_readonly("boxes", &boxes,
                             "float32 [n, 4]: x1, y1, x2, y2 in pixels, clipped to the image.")
      .def_property_readonly(
          "scores", [](const Result& result) { return copy(result.scores); },
          "float32 [n], falling, in [0, 1].")
      .def_property_readonly(
          "class_ids", [](const Result& result) { return copy(result.class_ids); }, "int32 [n].")
      .def_readonly("masks", &Result::masks, "One Mask per instance.")
      .def("bitmaps", &bitmaps, "bool [n, image height, image width].")
      .def_property_readonly(
          "timings",
          [](const Result& result) {
            return std::map<std::string, double>{{"preprocess_ms", result.timings.preprocess_ms},
                                                 {"network_ms", result.timings.network_ms},
                                                 {"postprocess_ms", result.timings.postprocess_ms}};
          },
          "Milliseconds per stage.");
}

}  // namespace instseg::python
