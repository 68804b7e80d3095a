#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "families/mask_rtdetr.h"
#include "float_array.h"
#include "instseg/errors.h"
#include "instseg/result.h"

namespace instseg::python {
namespace {

Result postprocess_mask_rtdetr(const py::array& boxes, const py::array& logits,
                               const py::array& mask_coefficients, const py::array& prototypes,
                               int image_height, int image_width, float threshold, int top_k,
                               std::optional<int> max_detections,
                               const std::optional<std::vector<int>>& class_ids, bool clip_masks) {
  const std::vector<int> box_sizes = float_array_sizes(boxes, "boxes", 2);
  const std::vector<int> logit_sizes = float_array_sizes(logits, "logits", 2);
  const std::vector<int> coefficient_sizes =
      float_array_sizes(mask_coefficients, "mask_coefficients", 2);
  const std::vector<int> prototype_sizes = float_array_sizes(prototypes, "prototypes", 3);
  if (box_sizes[1] != 4 || logit_sizes[0] != box_sizes[0] || coefficient_sizes[0] != box_sizes[0] ||
      prototype_sizes[0] != coefficient_sizes[1]) {
    throw InvalidArgument(
        "the arrays do not belong together; expected boxes [Q, 4], logits [Q, K], "
        "mask_coefficients [Q, P], prototypes [P, h, w]");
  }
  if (image_height < 1 || image_width < 1) {
    throw InvalidArgument("the image is " + std::to_string(image_height) + " x " +
                          std::to_string(image_width) + "; both must be at least 1");
  }
  const MaskRtdetrOutputs outputs = {.num_queries = box_sizes[0],
                                     .num_classes = logit_sizes[1],
                                     .boxes_cxcywh = float_values(boxes),
                                     .logits = float_values(logits),
                                     .mask_coefficients = float_values(mask_coefficients),
                                     .prototypes = {.prototypes = float_values(prototypes),
                                                    .num_prototypes = prototype_sizes[0],
                                                    .height = prototype_sizes[1],
                                                    .width = prototype_sizes[2]}};
  Selection selection{.threshold = threshold,
                      .max_detections = max_detections.value_or(0),
                      .clip_masks = clip_masks};
  if (class_ids) selection.class_ids = *class_ids;
  const py::gil_scoped_release nogil;
  const std::unique_ptr<FamilyWorkspace> workspace = make_mask_rtdetr_workspace();
  return detect_mask_rtdetr(outputs, {.top_k = top_k}, image_height, image_width, selection,
                            "Mask-RT-DETR", ThreadPool(1), *workspace);
}

}  // namespace

void bind_mask_rtdetr(py::module_& m) {
  m.def("postprocess_mask_rtdetr", &postprocess_mask_rtdetr, py::arg("boxes"), py::arg("logits"),
        py::arg("mask_coefficients"), py::arg("prototypes"), py::arg("image_height"),
        py::arg("image_width"), py::kw_only(), py::arg("threshold"), py::arg("top_k") = 100,
        py::arg("max_detections") = py::none(), py::arg("class_ids") = py::none(),
        py::arg("clip_masks") = true,
        "The post-processing of Mask-RT-DETR alone, on one thread; float32 arrays: boxes [Q, 4]\n"
        "(cx, cy, w, h; sides of the image = 1), logits [Q, K], mask_coefficients [Q, P],\n"
        "prototypes [P, h, w].");
}

}  // namespace instseg::python
