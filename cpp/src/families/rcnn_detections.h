#pragma once

#include <span>
#include <vector>

#include "instseg/result.h"  // Box
#include "postprocess/class_wise_nms.h"
#include "postprocess/rcnn_spec.h"

namespace instseg {

// What the box stages say about the boxes of one image.
struct RcnnScores {
  int num_classes = 0;            // K
  std::span<const Box> boxes;     // [R], what the last stage pooled
  const float* scores = nullptr;  // [R, K + 1], background last
  const float* deltas = nullptr;  // of the last stage, [R, 4] or [R, 4 * K]
  bool deltas_per_class = false;
};

struct RcnnDetection {
  Box box;  // in pixels of the network's input, inside the resized image
  float score = 0;
  int class_id = 0;
};

// Scratch memory of detect_boxes().
class RcnnDetectionWorkspace {
 public:
  std::vector<float> boxes;  // [R, K or 1, 4]; only what scores above the threshold has a value
  ClassNmsWorkspace nms;
  std::vector<RcnnDetection> detections;
};

// Moves the boxes by the deltas, clips them to the resized image and keeps what class-wise
// non-maximum suppression (multiclass_nms3) keeps, by falling score. `threshold`: only scores above
// it, and above the model's own score_threshold, are wanted; it changes nothing else.
// The result lies in the workspace until the next call.
std::span<const RcnnDetection> detect_boxes(const RcnnScores& input, const BoxStageSpec& stage,
                                            const ClassNmsOptions& nms, float threshold,
                                            float image_height, float image_width,
                                            RcnnDetectionWorkspace& workspace);

}  // namespace instseg
