#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "families/ppyoloe_seg.h"
#include "float_array.h"
#include "instseg/errors.h"
#include "instseg/result.h"

namespace instseg::python {
namespace {

PpyoloeSegOutputs network_outputs(const py::array& boxes, const py::array& scores,
                                  const py::array& mask_coefficients, const py::array& prototypes) {
  const std::vector<int> box_sizes = float_array_sizes(boxes, "boxes", 2);
  const std::vector<int> score_sizes = float_array_sizes(scores, "scores", 2);
  const std::vector<int> coefficient_sizes =
      float_array_sizes(mask_coefficients, "mask_coefficients", 2);
  const std::vector<int> prototype_sizes = float_array_sizes(prototypes, "prototypes", 3);
  if (box_sizes[1] != 4 || score_sizes[1] != box_sizes[0] || coefficient_sizes[1] != box_sizes[0] ||
      prototype_sizes[0] != coefficient_sizes[0]) {
    throw InvalidArgument(
        "the arrays do not belong together; expected boxes [A, 4], scores [K, A], "
        "mask_coefficients [P, A], prototypes [P, h, w]");
  }
  return {.num_anchors = box_sizes[0],
          .num_classes = score_sizes[0],
          .boxes_xyxy = float_values(boxes),
          .scores = float_values(scores),
          .mask_coefficients = float_values(mask_coefficients),
          .prototypes = {.prototypes = float_values(prototypes),
                         .num_prototypes = prototype_sizes[0],
                         .height = prototype_sizes[1],
                         .width = prototype_sizes[2]}};
}

Result postprocess_ppyoloe_seg(const py::array& boxes, const py::array& scores,
                               const py::array& mask_coefficients, const py::array& prototypes,
                               int image_height, int image_width, int input_height, int input_width,
                               float threshold, float nms_score_threshold, float nms_threshold,
                               int nms_top_k, int keep_top_k, float mask_threshold,
                               std::optional<int> max_detections,
                               const std::optional<std::vector<int>>& class_ids, bool clip_masks) {
  const PpyoloeSegOutputs outputs = network_outputs(boxes, scores, mask_coefficients, prototypes);
  for (const int size : {image_height, image_width, input_height, input_width}) {
    if (size < 1) {
      throw InvalidArgument("a height or width is " + std::to_string(size) +
                            "; each must be at least 1");
    }
  }
  const PpyoloeSegSpec spec = {.input_height = input_height,
                               .input_width = input_width,
                               .nms = {.score_threshold = nms_score_threshold,
                                       .nms_threshold = nms_threshold,
                                       .nms_top_k = nms_top_k,
                                       .keep_top_k = keep_top_k},
                               .mask_threshold = mask_threshold};
  Selection selection{.threshold = threshold,
                      .max_detections = max_detections.value_or(0),
                      .clip_masks = clip_masks};
  if (class_ids) selection.class_ids = *class_ids;
  const py::gil_scoped_release nogil;
  const std::unique_ptr<FamilyWorkspace> workspace = make_ppyoloe_seg_workspace();
  return detect_ppyoloe_seg(outputs, spec, image_height, image_width, selection, "PP-YOLOE_seg",
                            ThreadPool(1), *workspace);
}

}  // namespace

void bind_ppyoloe_seg(py::module_& m) {
  m.def("postprocess_ppyoloe_seg", &postprocess_ppyoloe_seg, py::arg("boxes"), py::arg("scores"),
        py::arg("mask_coefficients"), py::arg("prototypes"), py::arg("image_height"),
        py::arg("image_width"), py::kw_only(), py::arg("input_height") = 640,
        py::arg("input_width") = 640, py::arg("threshold"), py::arg("nms_score_threshold") = 0.01f,
        py::arg("nms_threshold") = 0.7f, py::arg("nms_top_k") = 1000, py::arg("keep_top_k") = 300,
        py::arg("mask_threshold") = 0.5f, py::arg("max_detections") = py::none(),
        py::arg("class_ids") = py::none(), py::arg("clip_masks") = true,
        "The post-processing of PP-YOLOE_seg alone, on one thread; float32 arrays: boxes [A, 4]\n"
        "(x1, y1, x2, y2 in pixels of the network's input), scores [K, A] (probabilities),\n"
        "mask_coefficients [P, A], prototypes [P, h, w].");
}

}  // namespace instseg::python
