#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace instseg {

// Boxes as non-maximum suppression reads them: float32 x1, y1, x2, y2; borrowed. Box i begins at
// boxes + i * stride (in floats).
struct BoxRows {
  const float* boxes = nullptr;
  std::size_t count = 0;
  std::ptrdiff_t stride = 4;
};

struct NmsOptions {
  // A candidate stays where its IoU with every better one that stayed is <= this; in [0, 1].
  float iou_threshold = 0.5f;
  // Candidates are the boxes of score > this; NaN and -infinity never are.
  float score_threshold = -std::numeric_limits<float>::infinity();
  int max_candidates = 0;  // only the best so many compete; 0 = all
  int max_kept = 0;        // stops at so many; 0 = no limit
  // Below 1: each box that stays multiplies the IoU threshold by this, as long as that is > 0.5.
  float eta = 1.0f;
  // Sides are x2 - x1 + 1: "normalized" is False in multiclass_nms3, "pixel_offset" True in
  // generate_proposals.
  bool sides_include_end = false;
};

// Scratch memory of nms(), for one thread at a time; it grows to the largest input seen.
class NmsWorkspace {
 public:
  std::vector<std::uint32_t> above;   // candidates by index
  std::vector<std::uint64_t> ranked;  // the same by score
  std::vector<std::uint32_t> kept;
  std::vector<float>
      kept_boxes;  // x1, y1, x2, y2, area of the kept ones, one array after the other
};

// Greedy non-maximum suppression: indices of the boxes that stay, by falling score, equal scores
// (0 and -0 are equal) by rising index. IoU in float32 as PaddlePaddle computes it:
//   0 where the boxes are apart, else inter / (area + area - inter) with area 0 for x2 < x1 or
//   y2 < y1; what is no number (two boxes without area in one place) suppresses.
// The same bits on every machine. One vectorised pass over the scores, a sort of the candidates,
// then at most candidates x kept comparisons, vectorised.
// Throws InvalidArgument unless scores.size() == boxes.count < 2^32 and the options are in range.
// Allocates nothing once the workspace has grown; the result lies in it until the next call.
std::span<const std::uint32_t> nms(const BoxRows& boxes, std::span<const float> scores,
                                   const NmsOptions& options, NmsWorkspace& workspace);

}  // namespace instseg
