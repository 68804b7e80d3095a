#pragma once

#include "instseg/result.h"  // Box
#include "postprocess/rcnn_spec.h"

namespace instseg {

// The feature map that a box is pooled from, counted from spec.min_level:
//   floor(refer_level + log2(sqrt(area) / refer_scale + 1e-6)), limited to the levels there are;
// float32, as PaddlePaddle's distribute_fpn_proposals. The area of a box with x2 < x1 or y2 < y1
// is 0.
int roi_level(const Box& box, const LevelSpec& spec);

}  // namespace instseg
