// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/nms_kernels.h"

namespace instseg::INSTSEG_ISA {
namespace {

using std::size_t;

// Without branches, so that the compiler vectorises the loop over kept boxes.
inline int overlaps(float x1, float y1, float x2, float y2, float area, const float* box,
                    float box_area, float side, float threshold) {
  const int apart = static_cast<int>(box[0] > x2) | static_cast<int>(box[2] < x1) |
                    static_cast<int>(box[1] > y2) | static_cast<int>(box[3] < y1);
  const float left = x1 > box[0] ? x1 : box[0];
  const float top = y1 > box[1] ? y1 : box[1];
  const float right = x2 < box[2] ? x2 : box[2];
  const float bottom = y2 < box[3] ? y2 : box[3];
  const float inter = (right - left + side) * (bottom - top + side);
  const float iou = inter / (area + box_area - inter);
  return static_cast<int>(!(iou <= threshold)) & (apart ^ 1);
}

bool suppressed(const KeptBoxes& kept, const float* box, float area, float side, float threshold) {
  constexpr size_t kBlock = 16;
  size_t i = 0;
  for (; i + kBlock <= kept.count; i += kBlock) {
    int found = 0;
    for (size_t k = i; k < i + kBlock; ++k) {
      found |= overlaps(kept.x1[k], kept.y1[k], kept.x2[k], kept.y2[k], kept.area[k], box, area,
                        side, threshold);
    }
    if (found != 0) return true;
  }
  for (; i < kept.count; ++i) {
    if (overlaps(kept.x1[i], kept.y1[i], kept.x2[i], kept.y2[i], kept.area[i], box, area, side,
                 threshold) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

extern const NmsKernels kNmsKernels;
const NmsKernels kNmsKernels = {suppressed};

}  // namespace instseg::INSTSEG_ISA
