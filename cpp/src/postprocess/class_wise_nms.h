#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/nms.h"

namespace instseg {

// Boxes and scores of every class; float32, borrowed. Of box i in class c:
//   the box    begins at boxes + c * box_class_stride + i * box_stride (0: classes share the boxes)
//   the score  is scores[c * score_class_stride + i * score_stride]
// Strides in floats.
struct ClassBoxes {
  int num_classes = 0;
  std::size_t num_boxes = 0;
  const float* boxes = nullptr;
  std::ptrdiff_t box_stride = 4;
  std::ptrdiff_t box_class_stride = 0;
  const float* scores = nullptr;
  std::ptrdiff_t score_stride = 1;
  std::ptrdiff_t score_class_stride = 0;
};

// The attributes of PaddlePaddle's multiclass_nms3, under its names.
struct ClassNmsOptions {
  float score_threshold = 0;
  float nms_threshold = 0.5f;
  float nms_eta = 1.0f;
  int nms_top_k = -1;         // candidates of one class; -1 = all
  int keep_top_k = -1;        // detections of all classes together; -1 = all
  int background_label = -1;  // a class that is left out; -1 = none
  bool normalized = true;     // false: sides are x2 - x1 + 1
};

struct ClassDetection {
  float score = 0;
  int class_id = 0;
  std::uint32_t box = 0;  // i
  bool operator==(const ClassDetection&) const = default;
};

// Scratch memory of class_wise_nms(), for one thread at a time.
class ClassNmsWorkspace {
 public:
  NmsWorkspace nms;
  std::vector<float> scores;  // of one class, where they are not side by side
  std::vector<ClassDetection> detections;
};

// nms() in every class by itself, then the best keep_top_k of all classes together; by falling
// score, equal scores by class, then by index (multiclass_nms3 groups them by class instead).
// Detections above a higher score threshold are the same with that threshold in `options`, as worse
// candidates never change what happens to better ones.
// Throws InvalidArgument where the options are out of range. Allocates nothing once the workspace
// has grown; the result lies in it until the next call.
std::span<const ClassDetection> class_wise_nms(const ClassBoxes& input,
                                               const ClassNmsOptions& options,
                                               ClassNmsWorkspace& workspace);

}  // namespace instseg
