#pragma once

#include <cstddef>
#include <cstdint>

#include "preprocess/interpolation.h"

namespace instseg {

// Where the pixels of a resized image come from along one axis, and with which weights: the tables
// of ResampleWeights (preprocess/resample_weights.h).
struct ResampleTable {
  int source = 0;                       // pixels of the image along the axis
  const int* first = nullptr;           // [size] pixel of tap 0, may lie outside the image
  const std::int16_t* fixed = nullptr;  // [size, 2], 11 fractional bits: bilinear bytes
  const float* real = nullptr;          // [size, taps]: bicubic, and float32 values
};

// One image on its way into the input of a network. Plain data: an argument of a kernel. All
// pointers are of the memory that the code runs on (GPU, or CPU in tests).
struct PreprocessTask {
  const std::uint8_t* image = nullptr;  // [height, width, channels]
  std::ptrdiff_t row_stride_bytes = 0;
  int channels = 0;  // 1, 3 or 4
  ResampleTable rows;
  ResampleTable columns;
  Interpolation interpolation = Interpolation::kNearest;
  bool normalize_first = false;  // float32 values are interpolated, not bytes
  // Channel c of the network = channel source_channel[c] of the image * scale[c] + offset[c].
  int source_channel[3] = {};
  float scale[3] = {};
  float offset[3] = {};
  int height = 0;  // of the resized image
  int width = 0;
  int padded_height = 0;  // of the tensor
  int padded_width = 0;
  float* out = nullptr;  // [3, padded_height, padded_width]
};

}  // namespace instseg
