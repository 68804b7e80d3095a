#pragma once

#include <cstdint>

#include "cpu/kernel_table.h"
#include "preprocess/lane_normalization.h"

namespace instseg {

// From the interleaved pixels of a row to the network's three planes: planes[c][x] takes lane
// source_lane[c] of pixel x.
struct PlaneKernels {
  // pixels [width, lanes], lanes 1 or 4; normalised with entry c of `normalization`
  void (*planes_from_bytes)(const std::uint8_t* pixels, int lanes, int width,
                            const int source_lane[3], const LaneNormalization& normalization,
                            float* const planes[3]);

  // pixels [width, 4], normalised before
  void (*planes_from_floats)(const float* pixels, int width, const int source_lane[3],
                             float* const planes[3]);
};

INSTSEG_DECLARE_KERNELS(PlaneKernels, kPlaneKernels)

}  // namespace instseg
