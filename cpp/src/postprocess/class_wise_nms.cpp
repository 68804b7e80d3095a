#include "postprocess/class_wise_nms.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "instseg/errors.h"

namespace instseg {
namespace {

// The number of entries that an attribute of -1 (all) or more leaves; 0 means none at all.
int limit_of(int attribute, const char* name) {
  if (attribute == -1 || attribute >= 1) return attribute;
  throw InvalidArgument(std::string("class_wise_nms: ") + name +
                        " must be at least 1, or -1 for all, but is " + std::to_string(attribute));
}

std::span<const float> class_scores(const ClassBoxes& input, int class_id,
                                    std::vector<float>& scratch) {
  const float* const first = input.scores + class_id * input.score_class_stride;
  if (input.score_stride == 1) return {first, input.num_boxes};
  scratch.resize(input.num_boxes);
  for (std::size_t i = 0; i < input.num_boxes; ++i) {
    scratch[i] = first[static_cast<std::ptrdiff_t>(i) * input.score_stride];
  }
  return scratch;
}

bool is_before(const ClassDetection& a, const ClassDetection& b) {
  return std::tuple(-a.score, a.class_id, a.box) < std::tuple(-b.score, b.class_id, b.box);
}

}  // namespace

std::span<const ClassDetection> class_wise_nms(const ClassBoxes& input,
                                               const ClassNmsOptions& options,
                                               ClassNmsWorkspace& workspace) {
  const int most = limit_of(options.keep_top_k, "keep_top_k");
  const NmsOptions of_class = {
      .iou_threshold = options.nms_threshold,
      .score_threshold = options.score_threshold,
      .max_candidates = std::max(limit_of(options.nms_top_k, "nms_top_k"), 0),
      .max_kept = std::max(most, 0),
      .eta = options.nms_eta,
      .sides_include_end = !options.normalized,
  };
  std::vector<ClassDetection>& detections = workspace.detections;
  detections.clear();
  for (int c = 0; c < input.num_classes; ++c) {
    if (c == options.background_label) continue;
    const std::span<const float> scores = class_scores(input, c, workspace.scores);
    const BoxRows boxes = {.boxes = input.boxes + c * input.box_class_stride,
                           .count = input.num_boxes,
                           .stride = input.box_stride};
    for (const std::uint32_t i : nms(boxes, scores, of_class, workspace.nms)) {
      detections.push_back({.score = scores[i], .class_id = c, .box = i});
    }
  }
  const std::size_t kept =
      most == -1 ? detections.size() : std::min(detections.size(), static_cast<std::size_t>(most));
  std::partial_sort(detections.begin(), detections.begin() + static_cast<std::ptrdiff_t>(kept),
                    detections.end(), is_before);
  detections.resize(kept);
  return detections;
}

}  // namespace instseg
