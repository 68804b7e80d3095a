#pragma once

#include <memory>

#include "families/family.h"
#include "postprocess/class_wise_nms.h"
#include "postprocess/logit_tile.h"

namespace instseg {

// What a PP-YOLOE_seg network says about one image; borrowed float32, C order.
struct PpyoloeSegOutputs {
  int num_anchors = 0;                       // A
  int num_classes = 0;                       // K
  const float* boxes_xyxy = nullptr;         // [A, 4], pixels of the network's input
  const float* scores = nullptr;             // [K, A], probabilities
  const float* mask_coefficients = nullptr;  // [prototypes.num_prototypes, A]
  PrototypeMasks prototypes;
};

struct PpyoloeSegSpec {
  int input_height = 0;  // of the network
  int input_width = 0;
  ClassNmsOptions nms;
  float mask_threshold = 0.5f;  // foreground where probability > this
};

// Scratch memory of detect_ppyoloe_seg().
std::unique_ptr<FamilyWorkspace> make_ppyoloe_seg_workspace();

// From outputs to instances, as PaddleDetection's graph and PaddleX's post-processing do together:
//   candidates  class_wise_nms() of all anchors, best first
//   kept        score > threshold, class wanted, box not degenerate after clipping to the image
//   box         / (input size / image size)
//   mask        render_cropped_mask(): cropped to the box already at the network's input size, so
//               that clip_masks leaves out only what resizing carries over the box's edge
// Full-size masks, where Paddle's lack the last row or column when rounding makes the image's size
// a little too small. Masks are drawn in parallel; the same bits for any number of threads.
// Allocates only the result once the workspace has grown.
// Throws EngineError, naming `model` and the tensor, where a value is NaN or infinite.
// `workspace` comes from make_ppyoloe_seg_workspace().
Result detect_ppyoloe_seg(const PpyoloeSegOutputs& outputs, const PpyoloeSegSpec& spec,
                          int image_height, int image_width, const Selection& selection,
                          const std::string& model, const ThreadPool& pool,
                          FamilyWorkspace& workspace);

std::unique_ptr<const Family> make_ppyoloe_seg(const NetworkFolder& folder);

}  // namespace instseg
