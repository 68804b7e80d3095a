#pragma once

// Resizing written for the eye: one output value at a time, straight from the definitions in
// preprocess/resample_weights.h. The kernels must give the same bits.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "instseg/image.h"
#include "preprocess/preprocess.h"
#include "testing.h"

namespace instseg::testing {

// An image that owns its pixels; the gap between rows holds other bytes, which nobody may read.
struct Picture {
  int height = 0;
  int width = 0;
  PixelFormat format = PixelFormat::kBgr;
  std::ptrdiff_t stride = 0;
  std::vector<std::uint8_t> bytes;

  ImageView view() const { return {bytes.data(), height, width, format, stride}; }
  int at(int y, int x, int channel) const;  // coordinates outside are moved to the border
};

// Noise with areas of 0 and 255, where sums overshoot most.
Picture random_picture(Random& random, int height, int width, PixelFormat format, int gap = 0);

std::vector<std::uint8_t> resize_reference(const Picture& picture, int height, int width,
                                           Interpolation interpolation);

// Bicubic in double from end to end, not rounded: [height, width, channels].
std::vector<double> bicubic_in_double(const Picture& picture, int height, int width);

std::vector<float> preprocess_reference(const Picture& picture, const PreprocessSpec& spec);

}  // namespace instseg::testing
