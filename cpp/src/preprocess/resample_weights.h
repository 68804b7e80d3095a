#pragma once

#include <cstdint>
#include <vector>

#include "preprocess/interpolation.h"
#include "preprocess/row_kernels.h"

namespace instseg {

// One axis of one resize.
struct ResampleAxis {
  int source = 0;  // pixels of the source along the axis
  int size = 0;    // pixels of the resized image
  Interpolation interpolation = Interpolation::kNearest;
  bool floats = false;  // float32 values are interpolated, not bytes
  bool along_row = false;
  bool tiny = false;  // height or width of the source is less than the number of taps
  bool operator==(const ResampleAxis&) const = default;
};

// Where along one axis the pixels of a resized image come from, and with which weights.
//
// Output pixel i lies at c = (i + 0.5) * source / size - 0.5 of the source. The rest was found by
// comparing with OpenCV 4.10 and 5.0 as their x86-64 wheels compute it; the two are equal.
//   nearest   source pixel floor(i * source / size)
//   bilinear  bytes are computed in integers with weights of 11 fractional bits: c is rounded to
//             float32, both weights to 2048ths, halves to even. Along a row, c outside the centres
//             of the border pixels is moved onto them; along a column both taps read the border row
//             and keep their weights. The kernels say how sums are rounded.
//   bicubic   four taps of the cubic convolution kernel with a = -0.75, border pixels repeated. The
//             wheels leave it to Intel IPP, which computes in float32 (the kernels say in which
//             order) and rounds once at the end, halves to even; so do we. OpenCV without IPP, and
//             the wheels on images less than 4 pixels wide or high, round c to float32 and the
//             weights to 11 fractional bits, which moves about 4 % of the values by 1; we do that
//             for such tiny images only.
//   float32   bilinear (by IPP too) and bicubic with float32 weights of the exact c.
class ResampleWeights {
 public:
  // Does nothing if the axis is the one of the last call; allocates only to grow.
  void build(const ResampleAxis& axis);

  int taps() const { return taps_; }

  // Pixel of the source that tap 0 of each output pixel reads, before it is moved inside the image.
  const int* first() const { return first_.data(); }

  // Weights per output pixel: int16 [2] with 11 fractional bits for bilinear bytes, else float
  // [taps].
  const std::int16_t* fixed() const { return fixed_.data(); }
  const float* real() const { return real_.data(); }

  // The table for the kernels that work along rows of `channels` bytes per pixel and load
  // `load_bytes` at once from the first tap on.
  RowTaps row_taps(int channels, int load_bytes) const;

 private:
  void fill(const ResampleAxis& axis);

  ResampleAxis axis_;
  int taps_ = 0;
  std::vector<int> first_;
  std::vector<std::int16_t> fixed_;
  std::vector<float> real_;
};

// Number of source pixels along each axis that one output pixel is computed from.
int num_taps(Interpolation interpolation);

}  // namespace instseg
