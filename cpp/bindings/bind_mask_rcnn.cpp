#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bindings.h"
#include "families/rcnn_detections.h"
#include "families/roi_pooling.h"
#include "float_array.h"
#include "instseg/errors.h"
#include "network_folder/postprocess_json.h"
#include "postprocess/mask_paste.h"
#include "postprocess/proposals.h"

namespace instseg::python {
namespace {

// spec: "postprocess" of instseg.json.
PostprocessSpec checked_postprocess(const py::dict& spec) {
  const std::string text = py::module_::import("json").attr("dumps")(spec).cast<std::string>();
  const nlohmann::json parsed = parse_json(text, "spec");
  PostprocessSpec checked = read_postprocess(JsonObject(parsed, "spec"));
  if (!checked.rcnn || !checked.nms) {
    throw InvalidArgument(
        "spec must be \"postprocess\" of a Mask R-CNN: with \"rcnn\" and \"nms\"");
  }
  return checked;
}

RcnnSpec checked_spec(const py::dict& spec) { return *checked_postprocess(spec).rcnn; }

std::vector<Box> boxes_of(const py::array& array) {
  const std::vector<int> sizes = float_array_sizes(array, "boxes", 2);
  if (sizes[1] != 4) throw InvalidArgument("boxes must be [R, 4]");
  std::vector<Box> boxes(static_cast<std::size_t>(sizes[0]));
  const float* from = float_values(array);
  for (Box& box : boxes) {
    box = {.x1 = from[0], .y1 = from[1], .x2 = from[2], .y2 = from[3]};
    from += 4;
  }
  return boxes;
}

py::array_t<float> array_of(std::span<const Box> boxes) {
  py::array_t<float> array({static_cast<py::ssize_t>(boxes.size()), py::ssize_t{4}});
  float* to = array.mutable_data();
  for (const Box& box : boxes) {
    for (const float corner : {box.x1, box.y1, box.x2, box.y2}) *to++ = corner;
  }
  return array;
}

py::array_t<float> propose(const py::dict& spec, const std::vector<py::array>& logits,
                           const std::vector<py::array>& deltas, int image_height, int image_width,
                           int num_threads) {
  const RcnnSpec checked = checked_spec(spec);
  std::vector<ProposalMap> maps;
  for (std::size_t i = 0; i < logits.size() && i < checked.proposals.levels.size(); ++i) {
    const std::vector<int> sizes = float_array_sizes(logits[i], "logits", 3);
    const auto anchors = static_cast<int>(checked.proposals.levels[i].anchors.size());
    const bool fits = sizes[0] == anchors && i < deltas.size() &&
                      float_array_sizes(deltas[i], "deltas", 3) ==
                          std::vector<int>{4 * anchors, sizes[1], sizes[2]};
    if (!fits) throw InvalidArgument("logits must be [A, h, w], deltas [4 * A, h, w], per level");
    maps.push_back({.height = sizes[1],
                    .width = sizes[2],
                    .logits = float_values(logits[i]),
                    .deltas = float_values(deltas[i])});
  }
  ProposalWorkspace workspace;
  std::span<const Box> boxes;
  {
    const py::gil_scoped_release nogil;
    const ThreadPool pool(num_threads);
    boxes = propose_boxes(maps, checked.proposals, image_height, image_width, pool, workspace);
  }
  return array_of(boxes);
}

py::array_t<float> pool_features(const py::dict& spec, const std::vector<py::array>& features,
                                 const py::array& boxes, const std::string& head, int num_threads) {
  const RcnnSpec checked = checked_spec(spec);
  if (head != "box" && head != "mask") throw InvalidArgument("head must be \"box\" or \"mask\"");
  const PoolingSpec& pooling = head == "box" ? checked.box_pooling : checked.mask_pooling;
  std::vector<FeatureMap> maps;
  for (const py::array& map : features) {
    const std::vector<int> sizes = float_array_sizes(map, "features", 3);
    maps.push_back(
        {.values = float_values(map), .height = sizes[0], .width = sizes[1], .channels = sizes[2]});
  }
  if (maps.size() != pooling.spatial_scales.size()) {
    throw InvalidArgument("features: one map [h, w, C] per level expected");
  }
  const std::vector<Box> rois = boxes_of(boxes);
  py::array_t<float> out(
      {static_cast<int>(rois.size()), pooling.height, pooling.width, maps[0].channels});
  const std::span<float> values(out.mutable_data(), static_cast<std::size_t>(out.size()));
  const py::gil_scoped_release nogil;
  RoiPoolingWorkspace workspace;
  pool_rois(maps, rois, checked.levels, pooling, values, ThreadPool(num_threads), workspace);
  return out;
}

py::tuple detect(const py::dict& spec, const py::array& boxes, const py::array& scores,
                 const py::array& deltas, int image_height, int image_width, float threshold) {
  const PostprocessSpec checked = checked_postprocess(spec);
  const std::vector<Box> rois = boxes_of(boxes);
  const std::vector<int> score_sizes = float_array_sizes(scores, "scores", 2);
  const std::vector<int> delta_sizes = float_array_sizes(deltas, "deltas", 2);
  const int num_classes = score_sizes[1] - 1;
  const auto num_rois = static_cast<int>(rois.size());
  if (score_sizes[0] != num_rois || delta_sizes[0] != num_rois || num_classes < 1 ||
      (delta_sizes[1] != 4 && delta_sizes[1] != 4 * num_classes)) {
    throw InvalidArgument("expected boxes [R, 4], scores [R, K + 1], deltas [R, 4] or [R, 4 * K]");
  }
  const RcnnScores input = {.num_classes = num_classes,
                            .boxes = rois,
                            .scores = float_values(scores),
                            .deltas = float_values(deltas),
                            .deltas_per_class = delta_sizes[1] != 4};
  RcnnDetectionWorkspace workspace;
  const std::span<const RcnnDetection> found =
      detect_boxes(input, checked.rcnn->box_stages.back(), *checked.nms, threshold,
                   static_cast<float>(image_height), static_cast<float>(image_width), workspace);
  std::vector<Box> found_boxes;
  py::array_t<float> found_scores(static_cast<py::ssize_t>(found.size()));
  py::array_t<std::int32_t> class_ids(static_cast<py::ssize_t>(found.size()));
  for (std::size_t i = 0; i < found.size(); ++i) {
    found_boxes.push_back(found[i].box);
    found_scores.mutable_data()[i] = found[i].score;
    class_ids.mutable_data()[i] = found[i].class_id;
  }
  return py::make_tuple(array_of(found_boxes), found_scores, class_ids);
}

Mask paste(const py::array& probabilities, const std::vector<float>& box, int image_height,
           int image_width, float threshold) {
  const std::vector<int> sizes = float_array_sizes(probabilities, "probabilities", 2);
  if (sizes[0] != sizes[1] || box.size() != 4) {
    throw InvalidArgument("expected probabilities [M, M] and a box x1, y1, x2, y2");
  }
  const std::span<const float> values(float_values(probabilities),
                                      static_cast<std::size_t>(probabilities.size()));
  MaskPasteWorkspace workspace;
  return paste_mask(values, sizes[0], {.x1 = box[0], .y1 = box[1], .x2 = box[2], .y2 = box[3]},
                    image_height, image_width,
                    {.x = 0, .y = 0, .width = image_width, .height = image_height}, threshold,
                    workspace);
}

}  // namespace

// The steps of Mask R-CNN one by one, so that tests can compare each with Paddle's operators.
void bind_mask_rcnn(py::module_& m) {
  m.def("rcnn_proposals", &propose, py::arg("spec"), py::arg("logits"), py::arg("deltas"),
        py::arg("image_height"), py::arg("image_width"), py::kw_only(), py::arg("num_threads") = 1,
        "Per level logits [A, h, w] and deltas [4 * A, h, w] -> boxes [R, 4]; float32.\n"
        "spec: \"postprocess\" of instseg.json.");
  m.def("rcnn_pool", &pool_features, py::arg("spec"), py::arg("features"), py::arg("boxes"),
        py::kw_only(), py::arg("head"), py::arg("num_threads") = 1,
        "Per level features [h, w, C], boxes [R, 4] -> pooled features [R, height, width, C];\n"
        "float32. head: \"box\" or \"mask\".");
  m.def("rcnn_detections", &detect, py::arg("spec"), py::arg("boxes"), py::arg("scores"),
        py::arg("deltas"), py::arg("image_height"), py::arg("image_width"), py::kw_only(),
        py::arg("threshold") = 0.0f,
        "boxes [R, 4], scores [R, K + 1], deltas [R, 4] or [R, 4 * K] of the last stage -> (boxes\n"
        "[n, 4], scores [n], class_ids [n]) by falling score, in pixels of the network's input.");
  m.def("paste_mask", &paste, py::arg("probabilities"), py::arg("box"), py::arg("image_height"),
        py::arg("image_width"), py::kw_only(), py::arg("threshold") = 0.5f,
        "probabilities [M, M] float32 of a box x1, y1, x2, y2 -> Mask, not clipped to the box.");
}

}  // namespace instseg::python
