#include "families/rcnn_detections.h"

#include <algorithm>

#include "postprocess/box_deltas.h"

namespace instseg {

std::span<const RcnnDetection> detect_boxes(const RcnnScores& input, const BoxStageSpec& stage,
                                            const ClassNmsOptions& nms, float threshold,
                                            float image_height, float image_width,
                                            RcnnDetectionWorkspace& workspace) {
  const auto num_classes = static_cast<std::size_t>(input.num_classes);
  const std::size_t boxes_per_roi = input.deltas_per_class ? num_classes : 1;
  const float least = std::max(threshold, nms.score_threshold);
  const DeltaRule rule = {.factors = stage.delta_factors, .max_log_size = stage.max_log_size};
  std::vector<float>& boxes = workspace.boxes;
  boxes.resize(input.boxes.size() * boxes_per_roi * 4);
  for (std::size_t i = 0; i < input.boxes.size(); ++i) {
    const float* const scores = input.scores + i * (num_classes + 1);
    const auto place = [&](std::size_t c) {
      const std::size_t row = i * boxes_per_roi + (input.deltas_per_class ? c : 0);
      const Box box = clip_box(move_box(input.boxes[i], input.deltas + 4 * row, rule), image_width,
                               image_height);
      const float corners[] = {box.x1, box.y1, box.x2, box.y2};
      std::copy_n(corners, 4, boxes.begin() + static_cast<std::ptrdiff_t>(4 * row));
    };
    for (std::size_t c = 0; c < num_classes; ++c) {
      if (scores[c] > least) {
        place(c);
        if (!input.deltas_per_class) break;
      }
    }
  }

  const ClassBoxes candidates = {
      .num_classes = input.num_classes,
      .num_boxes = input.boxes.size(),
      .boxes = boxes.data(),
      .box_stride = static_cast<std::ptrdiff_t>(4 * boxes_per_roi),
      .box_class_stride = input.deltas_per_class ? 4 : 0,
      .scores = input.scores,
      .score_stride = static_cast<std::ptrdiff_t>(num_classes + 1),
      .score_class_stride = 1,
  };
  ClassNmsOptions options = nms;
  options.score_threshold = least;
  workspace.detections.clear();
  for (const ClassDetection& found : class_wise_nms(candidates, options, workspace.nms)) {
    const std::size_t row = static_cast<std::size_t>(found.box) * boxes_per_roi +
                            (input.deltas_per_class ? static_cast<std::size_t>(found.class_id) : 0);
    const float* const corners = boxes.data() + 4 * row;
    workspace.detections.push_back(
        {.box = {.x1 = corners[0], .y1 = corners[1], .x2 = corners[2], .y2 = corners[3]},
         .score = found.score,
         .class_id = found.class_id});
  }
  return workspace.detections;
}

}  // namespace instseg
