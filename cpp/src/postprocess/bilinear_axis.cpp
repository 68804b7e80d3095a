#include "postprocess/bilinear_axis.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace instseg {

void BilinearAxis::assign(int in, int out, int begin, int count) {
  resize(in, count);
  const float ratio = bilinear_ratio(in, out);
  for (int i = 0; i < count; ++i) set(i, bilinear_tap(in, ratio, begin + i));
  finish();
}

void BilinearAxis::assign_box(int side, float low, float high, int begin, int count) {
  resize(side + 2, count);
  const float length = high - low;
  const float half_side = static_cast<float>(side) * 0.5f;
  for (int i = 0; i < count; ++i) {
    const float grid = (static_cast<float>(begin + i) + 0.5f - low) / length * 2.0f - 1.0f;
    const float position = (grid + 1.0f) * half_side - 0.5f;
    // From the border in front of it, to the one behind.
    const float inside = std::clamp(position + 1.0f, 0.0f, static_cast<float>(side + 1));
    set(i, bilinear_tap_at(source_size_, inside));
  }
  finish();
}

void BilinearAxis::resize(int in, int count) {
  count_ = count;
  padded_count_ = (count + 63) / 64 * 64;
  source_size_ = in;
  const auto size = static_cast<std::size_t>(padded_count_);
  if (weight1_.size() < size) {  // the last to grow, should an allocation fail
    source_.resize(size);
    weight0_.resize(size);
    weight1_.resize(size);
  }
}

void BilinearAxis::set(int i, const BilinearTap& tap) {
  source_[static_cast<std::size_t>(i)] = tap.source;
  weight0_[static_cast<std::size_t>(i)] = tap.weight0;
  weight1_[static_cast<std::size_t>(i)] = tap.weight1;
}

void BilinearAxis::finish() {
  const auto last = static_cast<std::size_t>(count_ - 1);
  std::fill(source_.begin() + count_, source_.begin() + padded_count_, source_[last]);
  std::fill(weight0_.begin() + count_, weight0_.begin() + padded_count_, weight0_[last]);
  std::fill(weight1_.begin() + count_, weight1_.begin() + padded_count_, weight1_[last]);
  first_source_ = source_[0];
  last_source_ = std::min(source_[last] + 1, source_size_ - 1);
}

PixelRange pixels_that_read(int first, int last, int in, int out) {
  // Pixel x reads floor(p) and floor(p) + 1 with p = (x + 0.5) * in / out - 0.5. p is computed in
  // float32: four roundings of 2^-24 move it by less than in * 2^-22, which is out * 2^-22 output
  // pixels. Twice that and one pixel more are added on both sides.
  const double scale = static_cast<double>(out) / in;
  const double begin = (first - 0.5) * scale - 0.5;
  const double end = (last + 1.5) * scale - 0.5;
  const auto limited = [&](double x) {
    return static_cast<int>(std::clamp(x, 0.0, static_cast<double>(out)));
  };
  const double rounding = out * 0x1p-21;
  return {limited(std::floor(begin - rounding) - 1), limited(std::ceil(end + rounding) + 2)};
}

}  // namespace instseg
