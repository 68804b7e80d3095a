// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/roi_align_kernels.h"

namespace instseg::INSTSEG_ISA {
namespace {

using std::size_t;

// Channels whose sums stay in registers while the pixels of a bin are added up.
constexpr size_t kBlock = 32;

// sum [N] = weighted sum over the pixels, from `pixel` on, `channels` floats apart.
template <size_t N>
inline void sum_pixels(const float* pixel, size_t channels, const float* weights, int count,
                       float* __restrict sum) {
  for (size_t c = 0; c < N; ++c) sum[c] = weights[0] * pixel[c];
  for (int x = 1; x < count; ++x) {
    const float weight = weights[x];
    const float* const from = pixel + static_cast<size_t>(x) * channels;
    for (size_t c = 0; c < N; ++c) sum[c] += weight * from[c];
  }
}

template <size_t N, bool kTwice>
inline void add_block(const float* pixel, size_t channels, const float* weights, int count,
                      float weight0, float* __restrict out0, float weight1,
                      float* __restrict out1) {
  float sum[N];
  sum_pixels<N>(pixel, channels, weights, count, sum);
  for (size_t c = 0; c < N; ++c) out0[c] += weight0 * sum[c];
  if constexpr (kTwice) {
    for (size_t c = 0; c < N; ++c) out1[c] += weight1 * sum[c];
  }
}

template <bool kTwice>
inline void add(const float* row, size_t channels, const RoiColumns& columns, float weight0,
                float* sums0, float weight1, float* sums1) {
  for (int bin = 0; bin < columns.bins; ++bin) {
    const int count = columns.count[bin];
    if (count == 0) continue;
    const float* const pixel = row + static_cast<size_t>(columns.first[bin]) * channels;
    const float* const weights = columns.weights + columns.offset[bin];
    const size_t place = static_cast<size_t>(bin) * channels;
    float* const out0 = sums0 + place;
    float* const out1 = kTwice ? sums1 + place : nullptr;
    size_t c = 0;
    for (; c + kBlock <= channels; c += kBlock) {
      add_block<kBlock, kTwice>(pixel + c, channels, weights, count, weight0, out0 + c, weight1,
                                kTwice ? out1 + c : nullptr);
    }
    for (; c < channels; ++c) {
      add_block<1, kTwice>(pixel + c, channels, weights, count, weight0, out0 + c, weight1,
                           kTwice ? out1 + c : nullptr);
    }
  }
}

void add_row(const float* row, size_t channels, const RoiColumns& columns, float row_weight,
             float* sums) {
  add<false>(row, channels, columns, row_weight, sums, 0.0f, nullptr);
}

void add_row_twice(const float* row, size_t channels, const RoiColumns& columns, float weight0,
                   float* sums0, float weight1, float* sums1) {
  add<true>(row, channels, columns, weight0, sums0, weight1, sums1);
}

}  // namespace

extern const RoiAlignKernels kRoiAlignKernels;
const RoiAlignKernels kRoiAlignKernels = {add_row, add_row_twice};

}  // namespace instseg::INSTSEG_ISA
