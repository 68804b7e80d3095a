#pragma once

namespace instseg {

// How a resized pixel is computed; the same as OpenCV's INTER_NEAREST, INTER_LINEAR, INTER_CUBIC.
enum class Interpolation { kNearest, kBilinear, kBicubic };

}  // namespace instseg
