#pragma once

#include "cpu/host_device.h"

namespace instseg {

// Where one output pixel of a bilinear resize comes from (postprocess/bilinear_axis.h has the
// formula): weight0 * in[source] + weight1 * in[min(source + 1, in - 1)].
struct BilinearTap {
  int source;
  float weight0;
  float weight1;
};

// Input pixels per output pixel.
INSTSEG_HOST_DEVICE inline float bilinear_ratio(int in, int out) {
  return out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
}

// position >= 0, in input pixels from the first one's centre.
INSTSEG_HOST_DEVICE inline BilinearTap bilinear_tap_at(int in, float position) {
  // Rounding can carry the last position to `in` where the output is huge.
  const int floor = static_cast<int>(position);
  const int source = floor < in - 1 ? floor : in - 1;
  const float weight1 = sum(position, -static_cast<float>(source));
  return {source, sum(1.0f, -weight1), weight1};
}

// Output pixel i of an axis of `in` pixels.
INSTSEG_HOST_DEVICE inline BilinearTap bilinear_tap(int in, float ratio, int i) {
  const float position = sum(product(ratio, sum(static_cast<float>(i), 0.5f)), -0.5f);
  return bilinear_tap_at(in, position > 0.0f ? position : 0.0f);
}

}  // namespace instseg
