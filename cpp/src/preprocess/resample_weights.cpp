#include "preprocess/resample_weights.h"

#include <algorithm>
#include <cmath>

namespace instseg {
namespace {

constexpr double kFixedOne = 2048;  // 1 with 11 fractional bits

// The cubic convolution kernel at distance x in [0, 2], a = -0.75. R. Keys, "Cubic convolution
// interpolation for digital image processing", IEEE Trans. ASSP 29 (1981), with its parameter free.
double cubic_kernel(double x) {
  constexpr double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return a * (((x - 5) * x + 8) * x - 4);
}

// Weights of the pixels at floor(c) - 1 .. floor(c) + 2, rest = c - floor(c).
void cubic_weights(double rest, double weights[4]) {
  weights[0] = cubic_kernel(1 + rest);
  weights[1] = cubic_kernel(rest);
  weights[2] = cubic_kernel(1 - rest);
  weights[3] = cubic_kernel(2 - rest);
}

}  // namespace

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

void ResampleWeights::build(const ResampleAxis& axis) {
  if (axis == axis_) return;
  axis_ = {};  // nothing valid, should an allocation fail
  fill(axis);
  axis_ = axis;
}

void ResampleWeights::fill(const ResampleAxis& axis) {
  taps_ = num_taps(axis.interpolation);
  const bool nearest = axis.interpolation == Interpolation::kNearest;
  const bool bilinear = axis.interpolation == Interpolation::kBilinear;
  const bool integers = bilinear && !axis.floats;
  const auto size = static_cast<std::size_t>(axis.size);
  first_.resize(size);
  if (integers) {
    fixed_.resize(size * 2);
  } else if (!nearest) {
    real_.resize(size * static_cast<std::size_t>(taps_));
  }

  // As OpenCV computes it: the reciprocal of one quotient, not the other quotient.
  const double step = 1.0 / (static_cast<double>(axis.size) / axis.source);
  const int last = axis.source - 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (nearest) {
      first_[i] = std::min(static_cast<int>(std::floor(static_cast<double>(i) * step)), last);
      continue;
    }
    double coordinate = (static_cast<double>(i) + 0.5) * step - 0.5;
    if (axis.tiny || integers) coordinate = static_cast<float>(coordinate);
    int below = static_cast<int>(std::floor(coordinate));
    double rest = coordinate - below;
    if (bilinear) {
      if (axis.along_row && (below < 0 || below >= last)) {
        below = below < 0 ? 0 : last;
        rest = 0;
      }
      first_[i] = below;
      const float weights[2] = {static_cast<float>(1 - rest), static_cast<float>(rest)};
      for (std::size_t k = 0; k < 2; ++k) {
        if (integers) {
          fixed_[2 * i + k] = static_cast<std::int16_t>(std::lrint(weights[k] * kFixedOne));
        } else {
          real_[2 * i + k] = weights[k];
        }
      }
    } else {
      first_[i] = below - 1;
      // IPP keeps 1 + rest, the distance of tap 0, as float32.
      if (!axis.tiny) rest = static_cast<float>(1 + static_cast<float>(rest)) - 1;
      double weights[4];
      cubic_weights(rest, weights);
      for (std::size_t k = 0; k < 4; ++k) {
        if (axis.tiny && !axis.floats) weights[k] = std::lrint(weights[k] * kFixedOne) / kFixedOne;
        real_[4 * i + k] = static_cast<float>(weights[k]);
      }
    }
  }
}

RowTaps ResampleWeights::row_taps(int channels, int load_bytes) const {
  RowTaps row{.source = axis_.source,
              .size = axis_.size,
              .first = first_.data(),
              .fixed = fixed_.data(),
              .real = real_.data()};
  // `first` never falls, so the pixels whose taps lie inside the row are a range; an image narrower
  // than one load has none.
  const std::int64_t last = static_cast<std::int64_t>(axis_.source) * channels - load_bytes;
  const auto end = first_.begin() + axis_.size;
  const auto inner = std::partition_point(first_.begin(), end, [](int first) { return first < 0; });
  const auto outer = std::partition_point(
      inner, end, [=](int first) { return static_cast<std::int64_t>(first) * channels <= last; });
  const auto outside =
      std::partition_point(inner, end, [this](int first) { return first + taps_ <= axis_.source; });
  row.inside_end = static_cast<int>(outside - first_.begin());
  row.inner_begin = static_cast<int>(inner - first_.begin());
  row.inner_end = static_cast<int>(outer - first_.begin());
  return row;
}

}  // namespace instseg
