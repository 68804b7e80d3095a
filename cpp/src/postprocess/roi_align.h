#pragma once

#include <span>

#include "instseg/result.h"  // Box
#include "postprocess/rcnn_spec.h"
#include "postprocess/roi_axis.h"

namespace instseg {

// A feature map with its channels last: float32 [height, width, channels], C order, borrowed.
struct FeatureMap {
  const float* values = nullptr;
  int height = 0;
  int width = 0;
  int channels = 0;
};

// Scratch memory of roi_align(), for one thread at a time.
struct RoiAlignWorkspace {
  RoiAxis rows;
  RoiAxis columns;
};

// Pools the features of one box: out [spec.height, spec.width, map.channels].
//   box            x1, y1, x2, y2 in pixels of the network's input
//   spatial_scale  cells of the map per pixel
// As PaddlePaddle's roi_align ("aligned" moves the box by half a cell), but summed over cells
// instead of samples: equal up to rounding. The same bits on every machine.
// Throws InvalidArgument unless out has that size and the map at least one value.
// Allocates nothing once the workspace has grown.
void roi_align(const FeatureMap& map, const Box& box, float spatial_scale, const PoolingSpec& spec,
               std::span<float> out, RoiAlignWorkspace& workspace);

}  // namespace instseg
