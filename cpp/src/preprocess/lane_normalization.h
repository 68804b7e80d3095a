#pragma once

namespace instseg {

// value * scale + offset for each of up to four lanes of a pixel; float32, rounded twice.
struct LaneNormalization {
  float scale[4] = {};
  float offset[4] = {};
};

}  // namespace instseg
