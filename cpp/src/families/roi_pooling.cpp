#include "families/roi_pooling.h"

#include <algorithm>

#include "families/mask_drawing.h"
#include "postprocess/roi_level.h"

namespace instseg {
namespace {

// Boxes with neighbouring keys read neighbouring cells: level, then bands of rows, then columns.
std::uint64_t place_of(const Box& box, std::size_t level, float spatial_scale) {
  constexpr float kRowsOfABand = 16;
  const auto cell = [&](float low, float high) {
    const float centre = 0.5f * (low + high) * spatial_scale;
    return std::max(centre, 0.0f);  // NaN gives 0
  };
  const auto band = static_cast<std::uint64_t>(
      std::min(cell(box.y1, box.y2) / kRowsOfABand, static_cast<float>(0xffff)));
  const auto column =
      static_cast<std::uint64_t>(std::min(cell(box.x1, box.x2), static_cast<float>(0xffff)));
  return std::uint64_t{level} << 32 | band << 16 | column;
}

}  // namespace

void pool_rois(std::span<const FeatureMap> maps, std::span<const Box> boxes,
               const std::optional<LevelSpec>& levels, const PoolingSpec& pooling,
               std::span<float> out, const ThreadPool& pool, RoiPoolingWorkspace& workspace) {
  const std::size_t size = boxes.empty() ? 0 : out.size() / boxes.size();
  workspace.order.clear();
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto level = levels ? static_cast<std::size_t>(roi_level(boxes[i], *levels)) : 0;
    workspace.order.push_back({.place = place_of(boxes[i], level, pooling.spatial_scales[level]),
                               .level = static_cast<std::uint32_t>(level),
                               .box = static_cast<std::uint32_t>(i)});
  }
  std::sort(workspace.order.begin(), workspace.order.end(),
            [](const RoiOrder& a, const RoiOrder& b) { return a.place < b.place; });
  draw_in_parallel(
      boxes.size(), pool, workspace.threads, [&](std::size_t item, RoiAlignWorkspace& scratch) {
        const RoiOrder& next = workspace.order[item];
        roi_align(maps[next.level], boxes[next.box], pooling.spatial_scales[next.level], pooling,
                  out.subspan(next.box * size, size), scratch);
      });
}

}  // namespace instseg
