// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/dynamic_convolution_kernels.h"

namespace instseg::INSTSEG_ISA {
namespace {

using std::int32_t;
using std::int64_t;
using std::size_t;
using std::uint32_t;
using std::uint64_t;

// One register. Every lane is computed by itself, so its width changes nothing in the results.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Register __attribute__((vector_size(4 * kLanes)));
typedef float UnalignedRegister __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

Register load(const float* from) { return *reinterpret_cast<const UnalignedRegister*>(from); }
void store(Register value, float* to) { *reinterpret_cast<UnalignedRegister*>(to) = value; }

bool copy_channel(const float* pixels, size_t count, float* out) {
  uint32_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, pixels + i, 4);
    bad |= static_cast<uint32_t>((bits & 0x7f800000u) == 0x7f800000u);  // the exponent is all ones
    out[i] = pixels[i];
  }
  for (size_t i = count; i < kConvolutionPixels; ++i) out[i] = 0.0f;
  return bad == 0;
}

// Six masks x two registers of pixels: 12 sums, the 2 operands, one weight and one product fill the
// 16 registers of AVX2.
void convolve_tile(const float* tile, const float* weights, int num_channels, float* out) {
  for (int x = 0; x < kConvolutionPixels; x += 2 * kLanes) {
    Register sums[kConvolutionMasks][2] = {};
    const float* pixels = tile + x;
    const float* weight = weights;
    for (int c = 0; c < num_channels; ++c) {
      const Register left = load(pixels);
      const Register right = load(pixels + kLanes);
#pragma GCC unroll 6
      for (int m = 0; m < kConvolutionMasks; ++m) {
        sums[m][0] = sums[m][0] + left * weight[m];
        sums[m][1] = sums[m][1] + right * weight[m];
      }
      pixels += kConvolutionPixels;
      weight += kConvolutionMasks;
    }
#pragma GCC unroll 6
    for (int m = 0; m < kConvolutionMasks; ++m) {
      store(sums[m][0], out + m * kConvolutionPixels + x);
      store(sums[m][1], out + m * kConvolutionPixels + x + kLanes);
    }
  }
}

// 1 / (1 + exp(-x)) within a few units in the last place; 0 below about -88, 1 above 17.
//   exp(t) = 2^n * exp(r) with n = round(t / ln 2) and |r| <= ln 2 / 2; exp(r) by its series up to
//   r^7 / 7! (the rest is below 2^-27). n is read off the bits of t / ln 2 + 1.5 * 2^23.
float sigmoid(float x) {
  float t = -x;
  t = t < -87.0f ? -87.0f : t;
  t = t > 88.0f ? 88.0f : t;
  constexpr float shift = 12582912.0f;
  const float shifted = t * 1.44269504f + shift;
  const float n = shifted - shift;
  const float r = (t - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts
  float series = 1.0f / 5040;
  series = series * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  uint32_t bits;
  __builtin_memcpy(&bits, &shifted, 4);
  bits = (bits - 0x4b400000u + 127u) << 23;
  float power;
  __builtin_memcpy(&power, &bits, 4);
  return 1.0f / (1.0f + power * series);
}

float measure_tile(const float* logits, float threshold, uint64_t* out, int64_t* area) {
  float sums[16] = {};
  int64_t pixels = 0;
  for (int word = 0; word < kConvolutionPixels / 64; ++word) {
    const float* const from = logits + 64 * word;
    uint64_t bits = 0;
    for (int i = 0; i < 64; ++i) bits |= static_cast<uint64_t>(from[i] > threshold) << i;
    out[word] = bits;
    if (bits == 0) continue;
    for (int i = 0; i < 64; i += 16) {
      for (int lane = 0; lane < 16; ++lane) {
        const float logit = from[i + lane];
        const float probability = sigmoid(logit);
        sums[lane] += logit > threshold ? probability : 0.0f;
      }
    }
    pixels += __builtin_popcountll(bits);
  }
  *area = pixels;
  for (int half = 8; half >= 1; half /= 2) {
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

void sigmoids(const float* logits, size_t count, float* probabilities) {
  for (size_t i = 0; i < count; ++i) probabilities[i] = sigmoid(logits[i]);
}

}  // namespace

extern const DynamicConvolutionKernels kDynamicConvolutionKernels;
const DynamicConvolutionKernels kDynamicConvolutionKernels = {copy_channel, convolve_tile,
                                                              measure_tile, sigmoids};

}  // namespace instseg::INSTSEG_ISA
