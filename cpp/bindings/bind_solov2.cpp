#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "families/solov2.h"
#include "float_array.h"
#include "instseg/errors.h"
#include "instseg/result.h"

namespace instseg::python {
namespace {

Result postprocess_solov2(const std::vector<py::array>& scores,
                          const std::vector<py::array>& kernels, const py::array& mask_features,
                          std::pair<int, int> resized_size, std::pair<int, int> image_size,
                          const std::vector<int>& level_strides, float threshold,
                          const std::string& nms_decay, float nms_sigma, int pre_nms_top_k,
                          int top_k, std::optional<int> max_detections,
                          const std::optional<std::vector<int>>& class_ids, int num_threads) {
  const std::vector<int> feature_sizes = float_array_sizes(mask_features, "mask_features", 3);
  if (scores.empty() || kernels.size() != scores.size() || level_strides.size() != scores.size()) {
    throw InvalidArgument("give scores, kernels and level_strides of the same levels, not " +
                          std::to_string(scores.size()) + ", " + std::to_string(kernels.size()) +
                          " and " + std::to_string(level_strides.size()));
  }
  std::vector<Solov2Level> levels;
  int num_classes = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::vector<int> score_sizes = float_array_sizes(scores[i], "scores", 3);
    const std::vector<int> kernel_sizes = float_array_sizes(kernels[i], "kernels", 3);
    if (i == 0) num_classes = score_sizes[2];
    if (score_sizes[2] != num_classes || kernel_sizes[0] != feature_sizes[0] ||
        kernel_sizes[1] != score_sizes[0] || kernel_sizes[2] != score_sizes[1]) {
      throw InvalidArgument(
          "the arrays do not belong together; expected per level scores [g, g, K] and kernels "
          "[D, g, g], and mask_features [D, h, w]");
    }
    levels.push_back({.height = score_sizes[0],
                      .width = score_sizes[1],
                      .scores = float_values(scores[i]),
                      .weights = float_values(kernels[i])});
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
                                 .mask_features = {.values = float_values(mask_features),
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

void bind_solov2(py::module_& m) {
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
