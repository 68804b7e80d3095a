#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "postprocess/rcnn_spec.h"
#include "postprocess/roi_align.h"
#include "runtime/thread_pool.h"

namespace instseg {

struct RoiOrder {
  std::uint64_t place = 0;
  std::uint32_t level = 0;
  std::uint32_t box = 0;
};

// Scratch memory of pool_rois().
struct RoiPoolingWorkspace {
  std::vector<RoiOrder> order;
  std::vector<RoiAlignWorkspace> threads;
};

// Pools every box from the map of its level (roi_level(); the only map where `levels` is none), on
// all threads: out [boxes, pooling.height, pooling.width, channels]. Boxes are worked on in the
// order of what they read, so that most of it is in the cache already.
void pool_rois(std::span<const FeatureMap> maps, std::span<const Box> boxes,
               const std::optional<LevelSpec>& levels, const PoolingSpec& pooling,
               std::span<float> out, const ThreadPool& pool, RoiPoolingWorkspace& workspace);

}  // namespace instseg
