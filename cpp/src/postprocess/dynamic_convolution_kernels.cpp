// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/dynamic_convolution_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::int32_t;
using std::int64_t;
using std::size_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

// One register of floats. Every lane is computed by itself, so its width changes nothing in the
// results.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Floats __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef float UnalignedFloats __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

Floats load(const float* from) { return *reinterpret_cast<const UnalignedFloats*>(from); }
void store(Floats value, float* to) { *reinterpret_cast<UnalignedFloats*>(to) = value; }

// A tile lies in the cache as panels of two registers of pixels: [panel, channel, kPanel].
constexpr int kPanel = 2 * kLanes;

bool pack_channel(const float* pixels, size_t count, int channel, int num_channels, float* tile) {
  uint32_t bad = 0;
  // The same channel of the next tile: the pixels of a tile lie apart, one short run per channel.
  for (size_t i = 0; i < count; i += 16) __builtin_prefetch(pixels + kConvolutionPixels + i);
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, pixels + i, 4);
    bad |= static_cast<uint32_t>((bits & 0x7f800000u) == 0x7f800000u);  // the exponent is all ones
  }
  float* to = tile + channel * kPanel;
  size_t begin = 0;
  for (; begin + kPanel <= count; begin += kPanel, to += num_channels * kPanel) {
    store(load(pixels + begin), to);
    store(load(pixels + begin + kLanes), to + kLanes);
  }
  for (; begin < kConvolutionPixels; begin += kPanel, to += num_channels * kPanel) {
    for (size_t i = 0; i < kPanel; ++i) to[i] = begin + i < count ? pixels[begin + i] : 0.0f;
  }
  return bad == 0;
}

// Six masks x two registers of pixels: 12 sums, the 2 operands, one weight and one product fill the
// 16 registers of AVX2.
void convolve_tile(const float* tile, const float* weights, int num_channels, float* out) {
  const float* pixels = tile;
  for (int x = 0; x < kConvolutionPixels; x += kPanel) {
    Floats sums[kConvolutionMasks][2] = {};
    const float* weight = weights;
    for (int c = 0; c < num_channels; ++c) {
      const Floats left = load(pixels);
      const Floats right = load(pixels + kLanes);
#pragma GCC unroll 6
      for (int m = 0; m < kConvolutionMasks; ++m) {
        sums[m][0] = sums[m][0] + left * weight[m];
        sums[m][1] = sums[m][1] + right * weight[m];
      }
      pixels += kPanel;
      weight += kConvolutionMasks;
    }
#pragma GCC unroll 6
    for (int m = 0; m < kConvolutionMasks; ++m) {
      store(sums[m][0], out + m * kConvolutionPixels + x);
      store(sums[m][1], out + m * kConvolutionPixels + x + kLanes);
    }
  }
}

// where ? yes : no, lane by lane
Floats select(Ints where, Floats yes, Floats no) {
  return reinterpret_cast<Floats>((where & reinterpret_cast<Ints>(yes)) |
                                  (~where & reinterpret_cast<Ints>(no)));
}

// 1 / (1 + exp(-x)) within a few units in the last place; 0 below about -88, 1 above 17.
//   exp(t) = 2^n * exp(r) with n = round(t / ln 2) and |r| <= ln 2 / 2; exp(r) by its series up to
//   r^7 / 7! (the rest is below 2^-27). n is read off the bits of t / ln 2 + 1.5 * 2^23.
Floats sigmoid(Floats x) {
  const Floats low = Floats{} - 87.0f;
  const Floats high = Floats{} + 88.0f;
  Floats t = -x;
  t = select(t < low, low, t);
  t = select(t > high, high, t);
  const Floats shifted = t * 1.44269504f + 12582912.0f;
  const Floats n = shifted - 12582912.0f;
  const Floats r = (t - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts
  Floats series = Floats{} + 1.0f / 5040;
  series = series * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  const Ints exponent = (reinterpret_cast<Ints>(shifted) - 0x4b400000 + 127) << 23;
  return 1.0f / (1.0f + reinterpret_cast<Floats>(exponent) * series);
}

// Bit i is values[i] > threshold.
uint64_t word_above(const float* values, float threshold) {
  uint64_t word = 0;
#if defined(__AVX2__)
  const __m256 limit = _mm256_set1_ps(threshold);
  for (int i = 0; i < 64; i += 8) {
    const int bits =
        _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + i), limit, _CMP_GT_OQ));
    word |= static_cast<uint64_t>(static_cast<unsigned>(bits)) << i;
  }
#else
  uint8_t above[64];
  for (int i = 0; i < 64; ++i) above[i] = values[i] > threshold ? 1 : 0;
  for (int i = 0; i < 64; i += 8) {
    uint64_t eight = 0;
    for (int k = 0; k < 8; ++k) eight |= static_cast<uint64_t>(above[i + k]) << (8 * k);
    // The product moves bit 0 of byte k to bit 56 + k.
    word |= (eight * 0x0102040810204080u) >> 56 << i;
  }
#endif
  return word;
}

float measure_tile(const float* logits, float threshold, uint64_t* out, int64_t* area) {
  constexpr int kSums = 16;  // whatever the register's width: the order of summation is the same
  Floats sums[kSums / kLanes] = {};
  int64_t pixels = 0;
  for (int word = 0; word < kConvolutionPixels / 64; ++word) {
    const float* const from = logits + 64 * word;
    out[word] = word_above(from, threshold);
    if (out[word] == 0) continue;
    for (int i = 0; i < 64; i += kSums) {
      for (int s = 0; s < kSums / kLanes; ++s) {
        const Floats logit = load(from + i + s * kLanes);
        sums[s] = sums[s] + select(logit > Floats{} + threshold, sigmoid(logit), Floats{});
      }
    }
    pixels += __builtin_popcountll(out[word]);
  }
  *area = pixels;
  float lanes[kSums];
  for (int s = 0; s < kSums / kLanes; ++s) store(sums[s], lanes + s * kLanes);
  for (int half = kSums / 2; half >= 1; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

void sigmoids(const float* logits, size_t count, float* probabilities) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(sigmoid(load(logits + i)), probabilities + i);
  if (i == count) return;
  float last[kLanes] = {};
  for (size_t k = i; k < count; ++k) last[k - i] = logits[k];
  store(sigmoid(load(last)), last);
  for (size_t k = i; k < count; ++k) probabilities[k] = last[k - i];
}

}  // namespace

extern const DynamicConvolutionKernels kDynamicConvolutionKernels;
const DynamicConvolutionKernels kDynamicConvolutionKernels = {pack_channel, convolve_tile,
                                                              measure_tile, sigmoids};

}  // namespace instseg::INSTSEG_ISA
