#pragma once

#include <array>

#include "instseg/result.h"  // Box

namespace instseg {

// How a network's deltas (dx, dy, dw, dh) move a box.
struct DeltaRule {
  std::array<float, 4> factors = {1, 1, 1, 1};
  float max_log_size = 0;  // dw and dh times their factors are at most this
  float side = 0;          // 1 where a box of x1 = x2 is one pixel wide ("pixel_offset")
};

// The box with its centre moved by dx, dy times its size and its size times exp(dw), exp(dh);
// float32 in PaddlePaddle's order of operations (generate_proposals, and delta2bbox of
// PaddleDetection). Not clipped.
Box move_box(const Box& box, const float* deltas, const DeltaRule& rule);

// min(max(coordinate, 0), limit), corner by corner; a NaN becomes 0.
Box clip_box(const Box& box, float width, float height);

}  // namespace instseg
