#pragma once

#include <cstdint>
#include <vector>

#include "preprocess/interpolation.h"
#include "preprocess/resample_kernels.h"

namespace instseg {

// Where along one axis the pixels of a resized image come from, and with which weights.
//
// Output pixel i lies at c = (i + 0.5) * source / size - 0.5 of the source. The facts below were
// found by comparing with OpenCV 4.10 and 5.0 (x86-64 wheels), which give equal results:
//   nearest   source pixel floor(i * source / size)
//   bilinear  on bytes in integers with weights of 11 fractional bits: c is rounded to float32,
//   both
//             weights to the nearest even of 2048ths. Along a row a coordinate outside the pixels'
//             centres is moved onto the border pixel; along a column both taps read the border row
//             and keep their weights. Rounding of the sums: resample_kernels.h.
//   bicubic   four taps of the cubic convolution kernel with a = -0.75 (Keys 1981), border pixels
//             repeated. The wheels compute bytes with the exact weights (Intel IPP), rounded half
//             to even once at the end; so do we, with weights of 26 fractional bits. A build of
//             OpenCV without IPP rounds the weights to 11 bits, which moves about 4 % of the values
//             by 1.
//   float32   bilinear and bicubic with float32 weights of the float32 coordinate.
class ResampleWeights {
 public:
  enum class Arithmetic { kBytes, kFloat };

  // Along a row `first` and the weights go to the kernels; along a column the caller reads them one
  // by one. Does nothing if the last call had the same arguments; allocates only to grow.
  void build(int source, int size, Interpolation interpolation, Arithmetic arithmetic,
             bool along_row);

  int taps() const { return taps_; }
  int source() const { return source_; }

  // Pixel of the source that tap 0 of output pixel i reads, before it is moved inside the image.
  const int* first() const { return first_.data(); }

  // Per output pixel: float [taps] in real(), but for bytes bilinear int16 [2] (11 fractional bits)
  // and bicubic along a row int16 [8] (kCubicWeightLanes in resample_kernels.h) in fixed().
  const std::int16_t* fixed() const { return fixed_.data(); }
  const float* real() const { return real_.data(); }

  // For the kernels: the row's table. inner_bytes is how much a kernel may read from the first tap
  // on, `channels` the bytes per pixel.
  RowTaps row_taps(int channels, int inner_bytes) const;

 private:
  int source_ = 0;
  int size_ = 0;
  int taps_ = 0;
  Interpolation interpolation_ = Interpolation::kNearest;
  Arithmetic arithmetic_ = Arithmetic::kBytes;
  bool along_row_ = false;
  std::vector<int> first_;
  std::vector<std::int16_t> fixed_;
  std::vector<float> real_;
};

}  // namespace instseg
