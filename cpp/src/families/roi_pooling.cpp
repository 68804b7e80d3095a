#include "families/roi_pooling.h"

#include "families/mask_drawing.h"
#include "postprocess/roi_level.h"

namespace instseg {

void pool_rois(std::span<const FeatureMap> maps, std::span<const Box> boxes,
               const std::optional<LevelSpec>& levels, const PoolingSpec& pooling,
               std::span<float> out, const ThreadPool& pool, RoiPoolingWorkspace& workspace) {
  const std::size_t size = boxes.empty() ? 0 : out.size() / boxes.size();
  draw_in_parallel(
      boxes.size(), pool, workspace.threads, [&](std::size_t i, RoiAlignWorkspace& scratch) {
        const auto level = levels ? static_cast<std::size_t>(roi_level(boxes[i], *levels)) : 0;
        roi_align(maps[level], boxes[i], pooling.spatial_scales[level], pooling,
                  out.subspan(i * size, size), scratch);
      });
}

}  // namespace instseg
