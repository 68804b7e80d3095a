#pragma once

#include <optional>
#include <span>
#include <vector>

#include "postprocess/rcnn_spec.h"
#include "postprocess/roi_align.h"
#include "runtime/thread_pool.h"

namespace instseg {

// Scratch memory of pool_rois().
struct RoiPoolingWorkspace {
  std::vector<RoiAlignWorkspace> threads;
};

// Pools every box from the map of its level (roi_level(); the only map where `levels` is none), on
// all threads: out [boxes, pooling.height, pooling.width, channels].
void pool_rois(std::span<const FeatureMap> maps, std::span<const Box> boxes,
               const std::optional<LevelSpec>& levels, const PoolingSpec& pooling,
               std::span<float> out, const ThreadPool& pool, RoiPoolingWorkspace& workspace);

}  // namespace instseg
