#include "preprocess/resample_weights.h"

#include <algorithm>
#include <cmath>

namespace instseg {
namespace {

constexpr float kLinearOne = 2048;  // 11 fractional bits

int num_taps(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return 1;
    case Interpolation::kBilinear:
      return 2;
    case Interpolation::kBicubic:
      return 4;
  }
  return 0;
}

// The cubic convolution kernel at distance x >= 0, a = -0.75; R. Keys, "Cubic convolution
// interpolation for digital image processing", IEEE TASSP 29 (1981), eq. 15 with a free.
double cubic_kernel(double x) {
  constexpr double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return a * (((x - 5) * x + 8) * x - 4);
}

// Weights of the taps at floor - 1 .. floor + 2 for a coordinate `rest` past its floor; sum 1.
void cubic_weights(double rest, double weights[4]) {
  weights[0] = cubic_kernel(1 + rest);
  weights[1] = cubic_kernel(rest);
  weights[2] = cubic_kernel(1 - rest);
  weights[3] = 1 - weights[0] - weights[1] - weights[2];
}

void store_cubic_fixed(const double weights[4], std::int16_t out[kCubicWeightLanes]) {
  for (int k = 0; k < 4; ++k) {
    const auto whole = static_cast<std::int32_t>(std::lrint(weights[k] * (1 << kCubicWeightBits)));
    const std::int32_t high = (whole + (1 << (kCubicLowBits - 1))) >> kCubicLowBits;
    out[k] = static_cast<std::int16_t>(high);
    out[4 + k] = static_cast<std::int16_t>(whole - high * (1 << kCubicLowBits));
  }
}

}  // namespace

void ResampleWeights::build(int source, int size, Interpolation interpolation,
                            Arithmetic arithmetic, bool along_row) {
  if (source == source_ && size == size_ && interpolation == interpolation_ &&
      arithmetic == arithmetic_ && along_row == along_row_) {
    return;
  }
  source_ = 0;  // not usable if an allocation below fails
  const int taps = num_taps(interpolation);
  const auto count = static_cast<std::size_t>(size);
  first_.resize(count);
  if (interpolation != Interpolation::kNearest) {
    const bool bilinear = interpolation == Interpolation::kBilinear;
    if (arithmetic == Arithmetic::kFloat || (!bilinear && !along_row)) {
      real_.resize(count * static_cast<std::size_t>(taps));
    } else {
      fixed_.resize(count * (bilinear ? 2 : kCubicWeightLanes));
    }
  }

  // As OpenCV computes it: the reciprocal of a quotient, not the opposite quotient.
  const double step = 1.0 / (static_cast<double>(size) / source);
  for (int i = 0; i < size; ++i) {
    if (interpolation == Interpolation::kNearest) {
      first_[i] = std::min(static_cast<int>(std::floor(i * step)), source - 1);
      continue;
    }
    const double exact = (i + 0.5) * step - 0.5;
    if (interpolation == Interpolation::kBicubic) {
      const double below = std::floor(exact);
      first_[i] = static_cast<int>(below) - 1;
      double weights[4];
      cubic_weights(exact - below, weights);
      if (arithmetic == Arithmetic::kBytes && along_row) {
        store_cubic_fixed(weights, &fixed_[i * kCubicWeightLanes]);
      } else {
        for (int k = 0; k < 4; ++k) real_[i * 4 + k] = static_cast<float>(weights[k]);
      }
      continue;
    }
    const auto coordinate = static_cast<float>(exact);
    int below = static_cast<int>(std::floor(coordinate));
    float rest = coordinate - static_cast<float>(below);
    if (along_row && (below < 0 || below >= source - 1)) {
      below = below < 0 ? 0 : source - 1;
      rest = 0;
    }
    first_[i] = below;
    if (arithmetic == Arithmetic::kFloat) {
      real_[i * 2] = 1 - rest;
      real_[i * 2 + 1] = rest;
    } else {
      fixed_[i * 2] = static_cast<std::int16_t>(std::lrint((1 - rest) * kLinearOne));
      fixed_[i * 2 + 1] = static_cast<std::int16_t>(std::lrint(rest * kLinearOne));
    }
  }
  source_ = source;
  size_ = size;
  taps_ = taps;
  interpolation_ = interpolation;
  arithmetic_ = arithmetic;
  along_row_ = along_row;
}

RowTaps ResampleWeights::row_taps(int channels, int inner_bytes) const {
  RowTaps row{.source = source_, .size = size_};
  row.first = first_.data();
  row.fixed = fixed_.data();
  row.real = real_.data();
  // `first` never falls, so the pixels that may be read in one piece are a range. The two borders
  // of the image can be as near as one pixel: then the range is empty.
  const std::int64_t row_bytes = static_cast<std::int64_t>(source_) * channels;
  const auto begin = std::lower_bound(first_.begin(), first_.begin() + size_, 0);
  const auto end = std::upper_bound(begin, first_.begin() + size_, row_bytes - inner_bytes,
                                    [channels](std::int64_t last, int first) {
                                      return last < static_cast<std::int64_t>(first) * channels;
                                    });
  row.inner_begin = static_cast<int>(begin - first_.begin());
  row.inner_end = static_cast<int>(end - first_.begin());
  return row;
}

}  // namespace instseg
