#pragma once

#include <memory>

#include "families/family.h"

namespace instseg {

// Mask R-CNN and Cascade Mask R-CNN, as PaddleDetection's graph and PaddleX's post-processing do
// together. The folder has the networks "main" (feature maps, RPN), "box" or "box_1", "box_2", ...
// and "mask"; between them, all in pixels of the network's input:
//   boxes       propose_boxes(); each stage pools their features and moves them (the last stage:
//               detect_boxes()); the stages' probabilities are averaged
//   kept        score > threshold, class wanted, box not degenerate in the original image
//   masks       pooled and computed for kept boxes only; pasted into the original image
//               (paste_mask(); clip_masks: inside the box with its corners rounded half to even)
std::unique_ptr<const Family> make_mask_rcnn(const NetworkFolder& folder);

}  // namespace instseg
