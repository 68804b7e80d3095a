#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "preprocess/preprocess.h"

namespace instseg {
namespace {

// Python's round(): halves go to the even neighbour, whatever the rounding mode of the process is.
double round_half_to_even(double value) {
  const double low = std::floor(value);
  const double rest = value - low;
  if (rest != 0.5) return rest < 0.5 ? low : low + 1;
  return std::fmod(low, 2) == 0 ? low : low + 1;
}

int scaled(int side, double factor) {
  const double size = std::max(1.0, round_half_to_even(side * factor));
  // A target is an int and no side exceeds the target it is fitted to by more than the rounding.
  return static_cast<int>(std::min<double>(size, std::numeric_limits<int>::max()));
}

int padded(int side, int stride) {
  if (stride <= 1) return side;
  const std::int64_t size = (static_cast<std::int64_t>(side) + stride - 1) / stride * stride;
  if (size > std::numeric_limits<int>::max()) {
    throw InvalidArgument("A side of " + std::to_string(side) + " pixels padded to a multiple of " +
                          std::to_string(stride) + " is too large.");
  }
  return static_cast<int>(size);
}

}  // namespace

NetworkSize network_size(const PreprocessSpec& spec, int image_height, int image_width) {
  if (image_height < 1 || image_width < 1 || spec.height < 1 || spec.width < 1) {
    throw InvalidArgument("An image of " + std::to_string(image_height) + " x " +
                          std::to_string(image_width) + " cannot be resized to " +
                          std::to_string(spec.height) + " x " + std::to_string(spec.width) +
                          " (height x width); every side must be at least 1.");
  }
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
  if (spec.height < 1 || spec.width < 1) {
    throw InvalidArgument("The network's image size is " + std::to_string(spec.height) + " x " +
                          std::to_string(spec.width) +
                          " (height x width); both must be at least 1.");
  }
  bool finite = std::isfinite(spec.scale);
  for (const double mean : spec.mean) finite = finite && std::isfinite(mean);
  for (const double deviation : spec.std)
    finite = finite && std::isfinite(1 / deviation) && deviation != 0;
  if (!finite) {
    throw InvalidArgument(
        "The normalisation (scale, mean, std) holds a value that is not finite, or a std of 0; "
        "expected value = (pixel * scale - mean) / std to be a number.");
  }
}

}  // namespace instseg
