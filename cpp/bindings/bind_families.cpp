#include <pybind11/stl.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "families/mask_rtdetr.h"
#include "families/solov2.h"
#include "instseg/errors.h"
#include "instseg/result.h"

namespace instseg::python {
namespace {

// The sizes of a float32 array in C order of `ndim` dimensions; throws InvalidArgument for others.
std::vector<int> sizes(const py::array& array, const char* name, int ndim) {
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

const float* values(const py::array& array) { return static_cast<const float*>(array.data()); }

Result postprocess_mask_rtdetr(const py::array& boxes, const py::array& logits,
                               const py::array& mask_coefficients, const py::array& prototypes,
                               int image_height, int image_width, float threshold, int top_k,
                               std::optional<int> max_detections,
                               const std::optional<std::vector<int>>& class_ids, bool clip_masks) {
  const std::vector<int> box_sizes = sizes(boxes, "boxes", 2);
  const std::vector<int> logit_sizes = sizes(logits, "logits", 2);
  const std::vector<int> coefficient_sizes = sizes(mask_coefficients, "mask_coefficients", 2);
  const std::vector<int> prototype_sizes = sizes(prototypes, "prototypes", 3);
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
                                     .boxes_cxcywh = values(boxes),
                                     .logits = values(logits),
                                     .mask_coefficients = values(mask_coefficients),
                                     .prototypes = {.prototypes = values(prototypes),
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

Result postprocess_solov2(const std::vector<py::array>& scores,
                          const std::vector<py::array>& kernels, const py::array& mask_features,
                          std::pair<int, int> resized_size, std::pair<int, int> image_size,
                          const std::vector<int>& level_strides, float threshold,
                          const std::string& nms_decay, float nms_sigma, int pre_nms_top_k,
                          int top_k, std::optional<int> max_detections,
                          const std::optional<std::vector<int>>& class_ids, int num_threads) {
  const std::vector<int> feature_sizes = sizes(mask_features, "mask_features", 3);
  if (scores.empty() || kernels.size() != scores.size() || level_strides.size() != scores.size()) {
    throw InvalidArgument("give scores, kernels and level_strides of the same levels, not " +
                          std::to_string(scores.size()) + ", " + std::to_string(kernels.size()) +
                          " and " + std::to_string(level_strides.size()));
  }
  std::vector<Solov2Level> levels;
  int num_classes = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::vector<int> score_sizes = sizes(scores[i], "scores", 3);
    const std::vector<int> kernel_sizes = sizes(kernels[i], "kernels", 3);
    if (i == 0) num_classes = score_sizes[2];
    if (score_sizes[2] != num_classes || kernel_sizes[0] != feature_sizes[0] ||
        kernel_sizes[1] != score_sizes[0] || kernel_sizes[2] != score_sizes[1]) {
      throw InvalidArgument(
          "the arrays do not belong together; expected per level scores [g, g, K] and kernels "
          "[D, g, g], and mask_features [D, h, w]");
    }
    levels.push_back({.height = score_sizes[0],
                      .width = score_sizes[1],
                      .scores = values(scores[i]),
                      .weights = values(kernels[i])});
  }
  if (image_size.first < 1 || image_size.second < 1 || resized_size.first < 1 ||
      resized_size.second < 1 || top_k < 1 || pre_nms_top_k < 1) {
    throw InvalidArgument("sizes (height, width), top_k and pre_nms_top_k must be at least 1");
  }
  if (nms_decay != "gaussian" && nms_decay != "linear") {
    throw InvalidArgument("nms_decay is \"" + nms_decay + "\"; give \"gaussian\" or \"linear\"");
  }
  Solov2Spec spec{.level_strides = level_strides,
                  .pre_nms_top_k = pre_nms_top_k,
                  .nms = {.decay = nms_decay == "linear" ? NmsDecay::kLinear : NmsDecay::kGaussian,
                          .sigma = nms_sigma},
                  .top_k = top_k};
  Selection selection{.threshold = threshold, .max_detections = max_detections.value_or(0)};
  if (class_ids) selection.class_ids = *class_ids;
  const Solov2Outputs outputs = {.num_classes = num_classes,
                                 .levels = levels,
                                 .mask_features = {.values = values(mask_features),
                                                   .num_channels = feature_sizes[0],
                                                   .height = feature_sizes[1],
                                                   .width = feature_sizes[2]}};
  const py::gil_scoped_release nogil;
  const std::unique_ptr<FamilyWorkspace> workspace = make_solov2_workspace();
  return detect_solov2(outputs, spec, {.height = resized_size.first, .width = resized_size.second},
                       image_size.first, image_size.second, selection, "SOLOv2",
                       ThreadPool(num_threads), *workspace);
}

}  // namespace

// Families' post-processing on given tensors, so that tests can compare it with Paddle's.
void bind_families(py::module_& m) {
  m.def("postprocess_mask_rtdetr", &postprocess_mask_rtdetr, py::arg("boxes"), py::arg("logits"),
        py::arg("mask_coefficients"), py::arg("prototypes"), py::arg("image_height"),
        py::arg("image_width"), py::kw_only(), py::arg("threshold"), py::arg("top_k") = 100,
        py::arg("max_detections") = py::none(), py::arg("class_ids") = py::none(),
        py::arg("clip_masks") = true,
        "The post-processing of Mask-RT-DETR alone, on one thread; float32 arrays: boxes [Q, 4]\n"
        "(cx, cy, w, h; sides of the image = 1), logits [Q, K], mask_coefficients [Q, P],\n"
        "prototypes [P, h, w].");
  m.def("postprocess_solov2", &postprocess_solov2, py::arg("scores"), py::arg("kernels"),
        py::arg("mask_features"), py::arg("resized_size"), py::arg("image_size"), py::kw_only(),
        py::arg("level_strides"), py::arg("threshold"), py::arg("nms_decay") = "gaussian",
        py::arg("nms_sigma") = 2.0f, py::arg("pre_nms_top_k") = 500, py::arg("top_k") = 100,
        py::arg("max_detections") = py::none(), py::arg("class_ids") = py::none(),
        py::arg("num_threads") = 1,
        "The post-processing of SOLOv2 alone; float32 arrays: scores [g, g, K] (after points NMS)\n"
        "and kernels [D, g, g] per level, mask_features [D, h, w]; sizes are (height, width), the\n"
        "resized one without padding.");
}

}  // namespace instseg::python
