// Compiled once per instruction set: no inline function or template of the standard library here.
#include "preprocess/row_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::int16_t;
using std::int32_t;
using std::uint8_t;

constexpr int lanes_of(int channels) { return channels == 1 ? 1 : 4; }

// Bytes of tap k of one output pixel. Pixels between inner_begin and inner_end (kInner) have all
// taps inside the row; elsewhere each tap is moved inside.
template <int kChannels, bool kInner>
const uint8_t* tap(const uint8_t* row, const RowTaps& taps, int x, int k) {
  int pixel = taps.first[x] + k;
  if (!kInner) pixel = pixel < 0 ? 0 : pixel >= taps.source ? taps.source - 1 : pixel;
  return row + static_cast<long>(pixel) * kChannels;
}

template <int kChannels>
void nearest_row_of(const uint8_t* row, const RowTaps& taps, uint8_t* out) {
  constexpr int kLanes = lanes_of(kChannels);
  for (int x = 0; x < taps.size; ++x) {
    const uint8_t* pixel = tap<kChannels, true>(row, taps, x, 0);
    for (int c = 0; c < kLanes; ++c) out[kLanes * x + c] = c < kChannels ? pixel[c] : 0;
  }
}

template <int kChannels, bool kInner>
void linear_row_range(const uint8_t* row, const RowTaps& taps, int begin, int end, int16_t* out) {
  constexpr int kLanes = lanes_of(kChannels);
  for (int x = begin; x < end; ++x) {
    const uint8_t* p0 = tap<kChannels, kInner>(row, taps, x, 0);
    const uint8_t* p1 = tap<kChannels, kInner>(row, taps, x, 1);
    const int w0 = taps.fixed[2 * x];
    const int w1 = taps.fixed[2 * x + 1];
    for (int c = 0; c < kLanes; ++c) {
      out[kLanes * x + c] =
          c < kChannels ? static_cast<int16_t>((w0 * p0[c] + w1 * p1[c]) >> 4) : int16_t{0};
    }
  }
}

template <int kChannels>
float cubic_inside(const float v[4], const float* w) {
  if (kChannels == 1) return (v[0] * w[0] + v[1] * w[1]) + (v[2] * w[2] + v[3] * w[3]);
  return __builtin_fmaf(v[0], w[0], v[3] * w[3]) + __builtin_fmaf(v[1], w[1], v[2] * w[2]);
}

float cubic_border(const float v[4], const float* w) {
  const float two = __builtin_fmaf(v[0], w[0], v[1] * w[1]);
  return __builtin_fmaf(v[3], w[3], __builtin_fmaf(v[2], w[2], two));
}

// kBorder: how the sum is formed, not where the pixels lie.
template <int kChannels, bool kInner, bool kBorder>
void cubic_row_range(const uint8_t* row, const RowTaps& taps, int begin, int end, float* out) {
  constexpr int kLanes = lanes_of(kChannels);
  for (int x = begin; x < end; ++x) {
    const uint8_t* p0 = tap<kChannels, kInner>(row, taps, x, 0);
    const uint8_t* p1 = tap<kChannels, kInner>(row, taps, x, 1);
    const uint8_t* p2 = tap<kChannels, kInner>(row, taps, x, 2);
    const uint8_t* p3 = tap<kChannels, kInner>(row, taps, x, 3);
    const float* w = taps.real + 4L * x;
    for (int c = 0; c < kLanes; ++c) {
      if (c >= kChannels) {
        out[kLanes * x + c] = 0;
        continue;
      }
      const float v[4] = {static_cast<float>(p0[c]), static_cast<float>(p1[c]),
                          static_cast<float>(p2[c]), static_cast<float>(p3[c])};
      out[kLanes * x + c] = kBorder ? cubic_border(v, w) : cubic_inside<kChannels>(v, w);
    }
  }
}

template <int kChannels, int kTaps, bool kInner>
void float_row_range(const uint8_t* row, const RowTaps& taps,
                     const LaneNormalization& normalization, int begin, int end, float* out) {
  for (int x = begin; x < end; ++x) {
    const float* weights = taps.real + static_cast<long>(kTaps) * x;
    const uint8_t* p[kTaps];
    for (int k = 0; k < kTaps; ++k) p[k] = tap<kChannels, kInner>(row, taps, x, k);
    for (int c = 0; c < 4; ++c) {
      float sum = 0;
      if (c < 3 || kChannels == 4) {
        for (int k = 0; k < kTaps; ++k) {
          const float value =
              static_cast<float>(p[k][kChannels == 1 ? 0 : c]) * normalization.scale[c] +
              normalization.offset[c];
          sum = k == 0 ? value * weights[0] : sum + value * weights[k];
        }
      }
      out[4 * x + c] = sum;
    }
  }
}

#if defined(__AVX2__)

// A pixel takes 128 bits: int32 or float32 per lane. To multiply and add two taps at once (pmaddwd)
// their bytes are put side by side, widened to 16 bits. The *_inner functions compute pixels from
// inner_begin on and return the first one that they leave to the plain code.

__m128i load4(const uint8_t* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm_cvtsi32_si128(value);
}
__m128i load8(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
__m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
void store32(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

// Shuffle of bytes that gives 32-bit element c its lane c of tap `first`, and in the upper half
// that of tap `second` (if it is one): zero-extended, ready for pmaddwd or a conversion to float32.
template <int kChannels>
__m256i tap_shuffle(int first, int second) {
  alignas(16) signed char index[16];
  for (int c = 0; c < 4; ++c) {
    const bool used = c < kChannels;
    index[4 * c] = static_cast<signed char>(used ? first * kChannels + c : -1);
    index[4 * c + 1] = -1;
    index[4 * c + 2] = static_cast<signed char>(used && second >= 0 ? second * kChannels + c : -1);
    index[4 * c + 3] = -1;
  }
  return _mm256_broadcastsi128_si256(load16(index));
}

template <int kChannels>
int linear_row_inner(const uint8_t* row, const RowTaps& taps, int16_t* out) {
  const __m256i pair = tap_shuffle<kChannels>(0, 1);
  const __m256i even = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2);
  const __m256i odd = _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3);
  int x = taps.inner_begin;
  for (; x + 4 <= taps.inner_end; x += 4) {
    const int* first = taps.first + x;
    const auto at = [row](int pixel) { return load8(row + static_cast<long>(pixel) * kChannels); };
    const __m256i pixels02 = _mm256_set_m128i(at(first[2]), at(first[0]));
    const __m256i pixels13 = _mm256_set_m128i(at(first[3]), at(first[1]));
    const __m256i weights = _mm256_castsi128_si256(load16(taps.fixed + 2 * x));
    const __m256i sum02 = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels02, pair),
                                            _mm256_permutevar8x32_epi32(weights, even));
    const __m256i sum13 = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels13, pair),
                                            _mm256_permutevar8x32_epi32(weights, odd));
    store32(out + 4 * x,
            _mm256_packs_epi32(_mm256_srai_epi32(sum02, 4), _mm256_srai_epi32(sum13, 4)));
  }
  return x;
}

template <int kChannels>
int cubic_row_inner(const uint8_t* row, const RowTaps& taps, float* out) {
  const __m256i tap0 = tap_shuffle<kChannels>(0, -1);
  const __m256i tap1 = tap_shuffle<kChannels>(1, -1);
  const __m256i tap2 = tap_shuffle<kChannels>(2, -1);
  const __m256i tap3 = tap_shuffle<kChannels>(3, -1);
  int x = taps.inner_begin;
  for (; x + 2 <= taps.inner_end; x += 2) {
    const int* first = taps.first + x;
    const auto at = [row](int pixel) { return load16(row + static_cast<long>(pixel) * kChannels); };
    const __m256i pixels = _mm256_set_m128i(at(first[1]), at(first[0]));
    const __m256 weights = _mm256_loadu_ps(taps.real + 4L * x);  // four of each pixel
    const auto values = [pixels](__m256i tap) {
      return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, tap));
    };
    const __m256 outer =
        _mm256_fmadd_ps(values(tap0), _mm256_permute_ps(weights, 0x00),
                        _mm256_mul_ps(values(tap3), _mm256_permute_ps(weights, 0xFF)));
    const __m256 inner =
        _mm256_fmadd_ps(values(tap1), _mm256_permute_ps(weights, 0x55),
                        _mm256_mul_ps(values(tap2), _mm256_permute_ps(weights, 0xAA)));
    _mm256_storeu_ps(out + 4L * x, _mm256_add_ps(outer, inner));
  }
  return x;
}

template <int kChannels, int kTaps>
int float_row_inner(const uint8_t* row, const RowTaps& taps, const LaneNormalization& normalization,
                    float* out) {
  const __m128 scale = _mm_loadu_ps(normalization.scale);
  const __m128 offset = _mm_loadu_ps(normalization.offset);
  int x = taps.inner_begin;
  for (; x < taps.inner_end; ++x) {
    const uint8_t* p = row + static_cast<long>(taps.first[x]) * kChannels;
    const float* weights = taps.real + static_cast<long>(kTaps) * x;
    const auto term = [&](int k) {
      const __m128 value = _mm_cvtepi32_ps(_mm_cvtepu8_epi32(load4(p + k * kChannels)));
      return _mm_mul_ps(_mm_add_ps(_mm_mul_ps(value, scale), offset), _mm_set1_ps(weights[k]));
    };
    __m128 sum = term(0);
    for (int k = 1; k < kTaps; ++k) sum = _mm_add_ps(sum, term(k));
    _mm_storeu_ps(out + 4 * x, sum);
  }
  return x;
}

#else

// Without AVX2 the plain code does all.
template <int kChannels>
int linear_row_inner(const uint8_t*, const RowTaps& taps, int16_t*) {
  return taps.inner_begin;
}

template <int kChannels>
int cubic_row_inner(const uint8_t*, const RowTaps& taps, float*) {
  return taps.inner_begin;
}

template <int kChannels, int kTaps>
int float_row_inner(const uint8_t*, const RowTaps& taps, const LaneNormalization&, float*) {
  return taps.inner_begin;
}

#endif

template <int kChannels>
void linear_row_of(const uint8_t* row, const RowTaps& taps, int16_t* out) {
  linear_row_range<kChannels, false>(row, taps, 0, taps.inner_begin, out);
  const int inner = kChannels == 1 ? taps.inner_begin : linear_row_inner<kChannels>(row, taps, out);
  linear_row_range<kChannels, true>(row, taps, inner, taps.inner_end, out);
  linear_row_range<kChannels, false>(row, taps, taps.inner_end, taps.size, out);
}

template <int kChannels>
void cubic_row_of(const uint8_t* row, const RowTaps& taps, float* out) {
  const int inner = kChannels == 1 ? taps.inner_begin : cubic_row_inner<kChannels>(row, taps, out);
  cubic_row_range<kChannels, true, false>(row, taps, inner, taps.inside_end, out);
  cubic_row_range<kChannels, false, true>(row, taps, 0, taps.inner_begin, out);
  cubic_row_range<kChannels, false, true>(row, taps, taps.inside_end, taps.size, out);
}

template <int kChannels>
void cubic_border_row_of(const uint8_t* row, const RowTaps& taps, float* out) {
  cubic_row_range<kChannels, false, true>(row, taps, 0, taps.size, out);
}

template <int kChannels, int kTaps>
void float_row_of(const uint8_t* row, const RowTaps& taps, const LaneNormalization& normalization,
                  float* out) {
  float_row_range<kChannels, kTaps, false>(row, taps, normalization, 0, taps.inner_begin, out);
  const int inner = kChannels == 1
                        ? taps.inner_begin
                        : float_row_inner<kChannels, kTaps>(row, taps, normalization, out);
  float_row_range<kChannels, kTaps, true>(row, taps, normalization, inner, taps.inner_end, out);
  float_row_range<kChannels, kTaps, false>(row, taps, normalization, taps.inner_end, taps.size,
                                           out);
}

void nearest_row(const uint8_t* row, int channels, const RowTaps& taps, uint8_t* out) {
  (channels == 1   ? nearest_row_of<1>
   : channels == 3 ? nearest_row_of<3>
                   : nearest_row_of<4>)(row, taps, out);
}

void linear_row(const uint8_t* row, int channels, const RowTaps& taps, int16_t* out) {
  (channels == 1   ? linear_row_of<1>
   : channels == 3 ? linear_row_of<3>
                   : linear_row_of<4>)(row, taps, out);
}

void cubic_row(const uint8_t* row, int channels, const RowTaps& taps, float* out) {
  (channels == 1   ? cubic_row_of<1>
   : channels == 3 ? cubic_row_of<3>
                   : cubic_row_of<4>)(row, taps, out);
}

void cubic_border_row(const uint8_t* row, int channels, const RowTaps& taps, float* out) {
  (channels == 1   ? cubic_border_row_of<1>
   : channels == 3 ? cubic_border_row_of<3>
                   : cubic_border_row_of<4>)(row, taps, out);
}

void float_row(const uint8_t* row, int channels, int num_taps, const RowTaps& taps,
               const LaneNormalization& normalization, float* out) {
  if (num_taps == 2) {
    (channels == 1   ? float_row_of<1, 2>
     : channels == 3 ? float_row_of<3, 2>
                     : float_row_of<4, 2>)(row, taps, normalization, out);
  } else {
    (channels == 1   ? float_row_of<1, 4>
     : channels == 3 ? float_row_of<3, 4>
                     : float_row_of<4, 4>)(row, taps, normalization, out);
  }
}

}  // namespace

extern const RowKernels kRowKernels;
const RowKernels kRowKernels = {
    .nearest_row = nearest_row,
    .linear_row = linear_row,
    .cubic_row = cubic_row,
    .cubic_border_row = cubic_border_row,
    .float_row = float_row,
};

}  // namespace instseg::INSTSEG_ISA
