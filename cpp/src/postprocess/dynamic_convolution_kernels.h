#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

constexpr int kConvolutionPixels = 256;  // of one tile of mask features
constexpr int kConvolutionMasks = 6;     // convolved in one go

struct DynamicConvolutionKernels {
  // Puts pixels [count] of one channel at their places in tile [num_channels * kConvolutionPixels],
  // whose layout is each instruction set's own; 0 behind the last. False where a pixel is NaN or
  // infinite.
  bool (*pack_channel)(const float* pixels, std::size_t count, int channel, int num_channels,
                       float* tile);

  // out [kConvolutionMasks, kConvolutionPixels] = sum over channel c, from 0 on, of
  // weights[c, mask] * tile[c, pixel]; weights [num_channels, kConvolutionMasks].
  void (*convolve_tile)(const float* tile, const float* weights, int num_channels, float* out);

  // For kConvolutionPixels logits: bit i of out is logits[i] > threshold; returns the sum of the
  // sigmoids of those logits, whose number goes to area.
  float (*measure_tile)(const float* logits, float threshold, std::uint64_t* out,
                        std::int64_t* area);

  // probabilities [count] = sigmoid of logits; the two may be the same.
  void (*sigmoids)(const float* logits, std::size_t count, float* probabilities);
};

INSTSEG_DECLARE_KERNELS(DynamicConvolutionKernels, kDynamicConvolutionKernels)

}  // namespace instseg
