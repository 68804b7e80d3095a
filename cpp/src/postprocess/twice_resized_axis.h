#pragma once

#include <vector>

#include "postprocess/bilinear_axis.h"

namespace instseg {

// Two bilinear resizes of one axis (BilinearAxis), one after the other: from `in` pixels to
// factor * in, of which the first `cut` stay, then from these to `out`, of which the first `count`
// are made. As the first one enlarges, an output pixel depends on at most three neighbouring
// sources:
//   output x = weights0[x] * in[source[x]] + weights1[x] * in[source[x] + 1] +
//              weights2[x] * in[source[x] + 2]
// where a source behind the last has the weight 0.
class TwiceResizedAxis {
 public:
  // factor >= 1, 1 <= cut <= factor * in, 1 <= count <= out, or InvalidArgument. Allocates only
  // where count or cut exceeds what earlier calls needed.
  void assign(int in, int factor, int cut, int out, int count);

  int count() const { return count_; }
  int source_size() const { return source_size_; }  // in

  // [count() + 64], the entries past count() repeat the last one. source() falls nowhere.
  const int* source() const { return source_.data(); }
  const float* weights0() const { return weights_[0].data(); }
  const float* weights1() const { return weights_[1].data(); }
  const float* weights2() const { return weights_[2].data(); }

  // Output pixels [begin, end) that depend on the sources first .. last.
  struct Range {
    int begin = 0;
    int end = 0;
  };
  Range reached_by(int first, int last) const;

 private:
  int count_ = 0;
  int source_size_ = 0;
  BilinearAxis first_;
  BilinearAxis second_;
  std::vector<int> source_;
  std::vector<float> weights_[3];
};

}  // namespace instseg
