#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "preprocess/preprocess.h"

namespace instseg {
namespace {

constexpr int kMaxSide = 1 << 24;  // a row of 4 float32 values per pixel stays below 2^31 bytes

// Python's round(): halves go to the even neighbour, whatever the rounding mode of the process is.
double round_half_to_even(double value) {
  const double low = std::floor(value);
  const double rest = value - low;
  if (rest != 0.5) return rest < 0.5 ? low : low + 1;
  return std::fmod(low, 2) == 0 ? low : low + 1;
}

int scaled(int side, double factor) {
  return static_cast<int>(std::max(1.0, round_half_to_even(side * factor)));
}

int padded(int side, int stride) {
  if (stride <= 1) return side;
  const std::int64_t size = (static_cast<std::int64_t>(side) + stride - 1) / stride * stride;
  if (size > kMaxSide) {
    throw InvalidArgument("A side of " + std::to_string(side) + " pixels padded to a multiple of " +
                          std::to_string(stride) + " is " + std::to_string(size) + "; at most " +
                          std::to_string(kMaxSide) + " is allowed.");
  }
  return static_cast<int>(size);
}

}  // namespace

void check_resized_size(int height, int width) {
  if (std::min(height, width) >= 1 && std::max(height, width) <= kMaxSide) return;
  throw InvalidArgument("The size after resizing is " + std::to_string(height) + " x " +
                        std::to_string(width) + " (height x width); both must be 1 to " +
                        std::to_string(kMaxSide) + ".");
}

NetworkSize network_size(const PreprocessSpec& spec, int image_height, int image_width) {
  if (image_height < 1 || image_width < 1) {
    throw InvalidArgument("The image is " + std::to_string(image_height) + " x " +
                          std::to_string(image_width) +
                          " (height x width); both must be at least 1.");
  }
  check_resized_size(spec.height, spec.width);
  NetworkSize size{.height = spec.height, .width = spec.width};
  if (spec.keep_ratio) {
    const auto [target_short, target_long] = std::minmax(spec.height, spec.width);
    const auto [image_short, image_long] = std::minmax(image_height, image_width);
    const double factor = std::min(static_cast<double>(target_long) / image_long,
                                   static_cast<double>(target_short) / image_short);
    size.height = scaled(image_height, factor);
    size.width = scaled(image_width, factor);
  }
  size.padded_height = padded(size.height, spec.pad_stride);
  size.padded_width = padded(size.width, spec.pad_stride);
  return size;
}

void check_preprocess_spec(const PreprocessSpec& spec) {
  check_resized_size(spec.height, spec.width);
  for (std::size_t c = 0; c < 3; ++c) {
    const double factor = spec.std[c] != 0 ? spec.scale / spec.std[c] : NAN;
    const double offset = spec.std[c] != 0 ? -spec.mean[c] / spec.std[c] : NAN;
    // The values are used as float32: this is false for NaN and for what float32 cannot hold.
    constexpr double most = std::numeric_limits<float>::max() / 512;
    if (std::abs(factor) <= most && std::abs(offset) <= most) continue;
    throw InvalidArgument("Channel " + std::to_string(c) + " is normalised with scale " +
                          std::to_string(spec.scale) + ", mean " + std::to_string(spec.mean[c]) +
                          " and std " + std::to_string(spec.std[c]) +
                          "; (pixel * scale - mean) / std must be a finite float32 number.");
  }
}

}  // namespace instseg
