#include "postprocess/roi_level.h"

#include <algorithm>
#include <cmath>

namespace instseg {

int roi_level(const Box& box, const LevelSpec& spec) {
  const float side = spec.pixel_offset ? 1.0f : 0.0f;
  const bool inside_out = box.x2 < box.x1 || box.y2 < box.y1;
  const float area = inside_out ? 0.0f : (box.x2 - box.x1 + side) * (box.y2 - box.y1 + side);
  const float size = std::sqrt(area) / static_cast<float>(spec.refer_scale);
  const float level = std::floor(std::log2(size + 1e-6f) + static_cast<float>(spec.refer_level));
  const auto low = static_cast<float>(spec.min_level);
  const auto high = static_cast<float>(spec.max_level);
  // (written so that NaN gives the lowest level)
  return static_cast<int>(std::min(high, std::max(low, level)) - low);
}

}  // namespace instseg
