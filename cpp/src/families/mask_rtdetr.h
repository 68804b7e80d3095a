#pragma once

#include <memory>

#include "families/family.h"
#include "postprocess/logit_tile.h"

namespace instseg {

// What a Mask-RT-DETR network says about one image; borrowed float32, C order.
struct MaskRtdetrOutputs {
  int num_queries = 0;                       // Q
  int num_classes = 0;                       // K
  const float* boxes_cxcywh = nullptr;       // [Q, 4], sides of the image = 1
  const float* logits = nullptr;             // [Q, K]
  const float* mask_coefficients = nullptr;  // [Q, prototypes.num_prototypes]
  PrototypeMasks prototypes;
};

struct MaskRtdetrSpec {
  int top_k = 100;                 // candidates: the best of all Q * K scores
  float mask_logit_threshold = 0;  // foreground where logit > this
};

// Scratch memory of detect_mask_rtdetr().
std::unique_ptr<FamilyWorkspace> make_mask_rtdetr_workspace();

// From outputs to instances, as PaddleDetection's graph and PaddleX's post-processing do together:
//   candidates  the top_k of the sigmoid(logit) of every query and class, best first
//   kept        score > threshold, class wanted, box not degenerate after clipping to the image
//   box         (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2) * (width, height, width, height)
//   mask        clip_masks: inside the box with its corners rounded half to even; else everywhere
// Masks are drawn in parallel. Allocates only the result once the workspace has grown.
// Throws EngineError, naming `model` and the tensor, where a value is NaN or infinite.
// `workspace` comes from make_mask_rtdetr_workspace().
Result detect_mask_rtdetr(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
                          int image_height, int image_width, const Selection& selection,
                          const std::string& model, const ThreadPool& pool,
                          FamilyWorkspace& workspace);

std::unique_ptr<const Family> make_mask_rtdetr(const NetworkFolder& folder);

}  // namespace instseg
