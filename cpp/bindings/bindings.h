#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "instseg/image.h"

// The module `instseg._core`: one unit per class, no logic. Arrays are checked with the interpreter
// lock held; native work runs without it.
namespace instseg::python {

namespace py = pybind11;

void bind_errors(py::module_& m);
void bind_mask(py::module_& m);
void bind_result(py::module_& m);
void bind_predictor(py::module_& m);
void bind_engines(py::module_& m);
void bind_kernels(py::module_& m);
void bind_families(py::module_& m);
void bind_mask_rcnn(py::module_& m);
void bind_mask_rtdetr(py::module_& m);
void bind_network_runner(py::module_& m);
void bind_ppyoloe_seg(py::module_& m);
void bind_solov2(py::module_& m);

// A view of the pixels of a uint8 array [H, W] ("gray") or [H, W, channels]; nothing is copied.
// color: "bgr", "rgb", "gray", "bgra" or "rgba". Rows may be apart; pixels within a row may not.
// Throws InvalidArgument for any other dtype, shape, stride or color.
ImageView image_view(const py::array& image, const std::string& color);

}  // namespace instseg::python
