#pragma once

#include <vector>

#include "postprocess/bilinear_tap.h"

namespace instseg {

// Where the pixels of one axis (columns or rows) of a bilinear resize come from, for a range of
// output pixels. Half-pixel centres (align_corners = False), everything in float32 as
// PaddlePaddle's bilinear_interp on the CPU computes it:
//   position = max((x + 0.5) * (in / out) - 0.5, 0); source = floor(position);
//   weight1 = position - source; weight0 = 1 - weight1; output x = weight0 * in[source] +
//   weight1 * in[min(source + 1, in - 1)].
// As there, an output of one pixel takes source 0 (PaddlePaddle leaves in / out at 0 in that case).
class BilinearAxis {
 public:
  // Output pixels [begin, begin + count) of an axis resized from `in` to `out` pixels, count >= 1.
  // Allocates only where count exceeds what earlier calls needed.
  void assign(int in, int out, int begin, int count);

  // Output pixels [begin, begin + count) read where they lie in a box that `side` pixels fill:
  // pixel x at (2 * ((x + 0.5 - low) / (high - low)) - 1 + 1) * side / 2 - 0.5 (PaddlePaddle's
  // grid_sample with align_corners False, of a mask pasted into [low, high)). Sources count from a
  // border of one pixel of zeros, which is on both ends: source_size() is side + 2.
  void assign_box(int side, float low, float high, int begin, int count);

  int count() const { return count_; }
  int source_size() const { return source_size_; }    // in
  int first_source() const { return first_source_; }  // sources that are read:
  int last_source() const { return last_source_; }    // first .. last, both included

  // [padded_count()], the entries past count() repeat the last one. source() falls nowhere.
  int padded_count() const { return padded_count_; }  // count() rounded up to a multiple of 64
  const int* source() const { return source_.data(); }
  const float* weight0() const { return weight0_.data(); }
  const float* weight1() const { return weight1_.data(); }

 private:
  void resize(int in, int count);
  void set(int i, const BilinearTap& tap);
  void finish();

  int count_ = 0;
  int padded_count_ = 0;
  int source_size_ = 0;
  int first_source_ = 0;
  int last_source_ = 0;
  std::vector<int> source_;
  std::vector<float> weight0_;
  std::vector<float> weight1_;
};

struct PixelRange {
  int begin = 0;
  int end = 0;  // not included
};

// The output pixels of an axis resized from `in` to `out` that read any of the sources first ..
// last, and at most a few more on both sides.
PixelRange pixels_that_read(int first, int last, int in, int out);

}  // namespace instseg
