#pragma once

#include <array>
#include <optional>
#include <vector>

namespace instseg {

// Numbers of Mask R-CNN's post-processing, read from the program it was imported from; names and
// meaning are those of PaddlePaddle's operators.

// Anchors of one level: those of cell (0, 0), x1, y1, x2, y2 in pixels of the network's input;
// those of cell (y, x) are x * stride_x, y * stride_y further.
struct AnchorGrid {
  std::vector<std::array<float, 4>> anchors;
  float stride_x = 0;
  float stride_y = 0;
};

struct ProposalSpec {  // generate_proposals, and the choice among the levels after it
  std::vector<AnchorGrid> levels;
  std::array<float, 4> variances = {1, 1, 1, 1};
  int pre_nms_top_n = 0;   // of a level; 0 = all
  int post_nms_top_n = 0;  // of a level; 0 = all
  int keep_top_n = 0;      // of all levels; 0 = all
  float nms_threshold = 0;
  float nms_eta = 1;
  float min_size = 0;
  bool pixel_offset = false;
};

struct LevelSpec {  // distribute_fpn_proposals
  int min_level = 0;
  int max_level = 0;
  int refer_level = 0;
  int refer_scale = 0;
  bool pixel_offset = false;
};

struct PoolingSpec {  // roi_align
  int height = 0;
  int width = 0;
  int sampling_ratio = 0;
  bool aligned = false;
  std::vector<float> spatial_scales;  // one per level
};

struct BoxStageSpec {
  std::array<float, 4> delta_factors = {1, 1, 1, 1};
  float max_log_size = 0;
};

struct RcnnSpec {
  ProposalSpec proposals;
  std::optional<LevelSpec> levels;  // none where there is one level
  PoolingSpec box_pooling;
  PoolingSpec mask_pooling;
  std::vector<BoxStageSpec> box_stages;
  float score_factor = 1;  // of the sum of the stages' probabilities
};

}  // namespace instseg
