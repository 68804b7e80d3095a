#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "instseg/mask.h"

namespace instseg {

// x1, y1, x2, y2 in pixels of the original image, clipped to it: 0 <= x1 < x2 <= width.
struct Box {
  float x1 = 0;
  float y1 = 0;
  float x2 = 0;
  float y2 = 0;
  bool operator==(const Box&) const = default;
};

// Wall-clock milliseconds of each stage of one prediction. Where an engine prepares images and
// draws masks on a GPU, its work there counts where the CPU waits for it: preprocess_ms is the copy
// of the pixels to pinned memory, network_ms all from their way up to the outputs that come back,
// postprocess_ms includes the kernels that draw.
struct Timings {
  double preprocess_ms = 0;
  double network_ms = 0;
  double postprocess_ms = 0;
};

// Instances of one image by falling score; entry i of every vector belongs to instance i.
struct Result {
  int image_height = 0;
  int image_width = 0;
  std::vector<Box> boxes;
  std::vector<float> scores;            // in [0, 1]
  std::vector<std::int32_t> class_ids;  // index into PredictorInfo::class_names
  std::vector<Mask> masks;
  Timings timings;

  std::size_t size() const { return scores.size(); }
};

}  // namespace instseg
