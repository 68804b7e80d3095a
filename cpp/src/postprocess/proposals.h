#pragma once

#include <span>
#include <vector>

#include "instseg/result.h"  // Box
#include "postprocess/nms.h"
#include "postprocess/rcnn_spec.h"
#include "postprocess/top_k.h"
#include "runtime/thread_pool.h"

namespace instseg {

// One level of a region proposal network: float32, C order, borrowed.
struct ProposalMap {
  int height = 0;
  int width = 0;
  const float* logits = nullptr;  // [A, height, width], A as many as its AnchorGrid has
  const float* deltas = nullptr;  // [4 * A, height, width], dx, dy, dw, dh of anchor 0 first
};

// Scratch memory of propose_boxes(); it grows to the largest maps seen.
class ProposalWorkspace {
 public:
  struct Level {
    TopKWorkspace top_k;
    NmsWorkspace nms;
    std::vector<Box> candidates;
    std::vector<float> logits;  // of the candidates
    std::vector<Box> boxes;     // that stay, best first
    std::vector<float> scores;
  };
  std::vector<Level> levels;
  TopKWorkspace top_k;
  std::vector<float> scores;
  std::vector<Box> boxes;
};

// Proposals of one image, in pixels of the network's input, inside image_height x image_width (the
// resized image, without padding): PaddlePaddle's generate_proposals for each level, then
// PaddleDetection's choice among all levels.
//   level   the pre_nms_top_n best logits; their anchors moved by the deltas and clipped; sides of
//           at least max(min_size, 1); non-maximum suppression; the post_nms_top_n best. Where no
//           box is left, one of zeros with logit 0 stands for the level.
//   chosen  the keep_top_n best of all levels, best first; all, level by level, where there are no
//           more than that
// Among equal logits the lower index comes first (PaddlePaddle leaves that open). Levels are worked
// on in parallel. Allocates nothing once the workspace has grown; the result lies in it until the
// next call. Throws InvalidArgument where maps and spec do not fit each other.
std::span<const Box> propose_boxes(std::span<const ProposalMap> maps, const ProposalSpec& spec,
                                   int image_height, int image_width, const ThreadPool& pool,
                                   ProposalWorkspace& workspace);

}  // namespace instseg
