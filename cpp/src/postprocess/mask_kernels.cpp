// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/mask_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::size_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

void combine_prototypes(const float* prototypes, size_t plane_stride, size_t row_stride,
                        const float* coefficients, int num_prototypes, int rows, int columns,
                        float* out, size_t out_stride) {
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) out[static_cast<size_t>(y) * out_stride + x] = 0.0f;
  }
  // Four prototypes per pass over the tile, which stays in the cache.
  int p = 0;
  for (; p + 4 <= num_prototypes; p += 4) {
    const float c0 = coefficients[p];
    const float c1 = coefficients[p + 1];
    const float c2 = coefficients[p + 2];
    const float c3 = coefficients[p + 3];
    for (int y = 0; y < rows; ++y) {
      const float* const row0 = prototypes + p * plane_stride + y * row_stride;
      const float* const row1 = row0 + plane_stride;
      const float* const row2 = row1 + plane_stride;
      const float* const row3 = row2 + plane_stride;
      float* __restrict const sum = out + y * out_stride;
      for (int x = 0; x < columns; ++x) {
        sum[x] = sum[x] + c0 * row0[x] + c1 * row1[x] + c2 * row2[x] + c3 * row3[x];
      }
    }
  }
  for (; p < num_prototypes; ++p) {
    const float c = coefficients[p];
    for (int y = 0; y < rows; ++y) {
      const float* const row = prototypes + p * plane_stride + y * row_stride;
      float* __restrict const sum = out + y * out_stride;
      for (int x = 0; x < columns; ++x) sum[x] = sum[x] + c * row[x];
    }
  }
}

void interpolate_row(const float* values, int origin, const int* source, const float* weight0,
                     const float* weight1, int count, float* out) {
  int x = 0;
#if defined(__AVX512F__)
  for (; x < count; x += 16) {
    const int first = source[x];
    if (source[x + 15] - first > 15) break;
    const float* const from = values + (first - origin);
    const __m512i place =
        _mm512_sub_epi32(_mm512_loadu_si512(source + x), _mm512_set1_epi32(first));
    // (maskz: g++ 12 warns about its own header in the plain form)
    const __m512 v0 = _mm512_maskz_permutexvar_ps(0xffff, place, _mm512_loadu_ps(from));
    const __m512 v1 = _mm512_maskz_permutexvar_ps(0xffff, place, _mm512_loadu_ps(from + 1));
    _mm512_storeu_ps(out + x, _mm512_add_ps(_mm512_mul_ps(v0, _mm512_loadu_ps(weight0 + x)),
                                            _mm512_mul_ps(v1, _mm512_loadu_ps(weight1 + x))));
  }
#elif defined(__AVX2__)
  for (; x < count; x += 8) {
    const int first = source[x];
    if (source[x + 7] - first > 7) break;
    const float* const from = values + (first - origin);
    const __m256i place = _mm256_sub_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source + x)), _mm256_set1_epi32(first));
    const __m256 v0 = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), place);
    const __m256 v1 = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + 1), place);
    _mm256_storeu_ps(out + x, _mm256_add_ps(_mm256_mul_ps(v0, _mm256_loadu_ps(weight0 + x)),
                                            _mm256_mul_ps(v1, _mm256_loadu_ps(weight1 + x))));
  }
#endif
  // Shrinking: sources lie too far apart for one vector.
  for (; x < count; ++x) {
    const float* const from = values + (source[x] - origin);
    out[x] = from[0] * weight0[x] + from[1] * weight1[x];
  }
}

void blend_rows(const float* row0, const float* row1, float weight0, float weight1, size_t count,
                float* __restrict out) {
  for (size_t x = 0; x < count; ++x) out[x] = row0[x] * weight0 + row1[x] * weight1;
}

uint64_t blend_and_threshold_word(const float* row0, const float* row1, float weight0,
                                  float weight1, float threshold) {
#if defined(__AVX512F__)
  const __m512 w0 = _mm512_set1_ps(weight0);
  const __m512 w1 = _mm512_set1_ps(weight1);
  const __m512 limit = _mm512_set1_ps(threshold);
  uint64_t word = 0;
  for (int i = 0; i < 4; ++i) {
    const __m512 value = _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(row0 + 16 * i), w0),
                                       _mm512_mul_ps(_mm512_loadu_ps(row1 + 16 * i), w1));
    word |= static_cast<uint64_t>(_mm512_cmp_ps_mask(value, limit, _CMP_GT_OQ)) << (16 * i);
  }
  return word;
#elif defined(__AVX2__)
  const __m256 w0 = _mm256_set1_ps(weight0);
  const __m256 w1 = _mm256_set1_ps(weight1);
  const __m256 limit = _mm256_set1_ps(threshold);
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    const __m256 value = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(row0 + 8 * i), w0),
                                       _mm256_mul_ps(_mm256_loadu_ps(row1 + 8 * i), w1));
    const int bits = _mm256_movemask_ps(_mm256_cmp_ps(value, limit, _CMP_GT_OQ));
    word |= static_cast<uint64_t>(static_cast<unsigned>(bits)) << (8 * i);
  }
  return word;
#else
  uint8_t above[64];
  for (int i = 0; i < 64; ++i) {
    const float value = row0[i] * weight0 + row1[i] * weight1;
    above[i] = value > threshold ? 1 : 0;
  }
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight = 0;
    for (int k = 0; k < 8; ++k) eight |= static_cast<uint64_t>(above[8 * i + k]) << (8 * k);
    // The product moves bit 0 of byte k to bit 56 + k.
    word |= (eight * 0x0102040810204080u) >> 56 << (8 * i);
  }
  return word;
#endif
}

void blend_and_threshold(const float* row0, const float* row1, float weight0, float weight1,
                         float threshold, size_t words, uint64_t* out) {
  for (size_t i = 0; i < words; ++i) {
    out[i] = blend_and_threshold_word(row0 + 64 * i, row1 + 64 * i, weight0, weight1, threshold);
  }
}

// exp(x) = 2^n * exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2; exp(r) by its Taylor series
// up to r^7 / 7!. One formula for every instruction set, without branches.
void sigmoid(float* values, size_t count) {
  constexpr float kMagic = 12582912.0f;     // 1.5 * 2^23: adding it rounds to a whole number
  constexpr float kLn2High = 0.693359375f;  // few bits, so that n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  for (size_t i = 0; i < count; ++i) {
    float x = -values[i];
    x = x > 87.0f ? 87.0f : x;
    x = x < -87.0f ? -87.0f : x;
    const float shifted = x * 1.44269504f + kMagic;
    const float n = shifted - kMagic;
    const float r = (x - n * kLn2High) - n * kLn2Low;
    float series = 1.0f / 5040.0f;
    series = series * r + 1.0f / 720.0f;
    series = series * r + 1.0f / 120.0f;
    series = series * r + 1.0f / 24.0f;
    series = series * r + 1.0f / 6.0f;
    series = series * r + 0.5f;
    series = series * r + 1.0f;
    series = series * r + 1.0f;
    // The low bits of `shifted` are n; they become the exponent.
    const uint32_t bits = (__builtin_bit_cast(uint32_t, shifted) << 23) + 0x3f800000u;
    values[i] = 1.0f / (1.0f + series * __builtin_bit_cast(float, bits));
  }
}

}  // namespace

extern const MaskKernels kMaskKernels;
const MaskKernels kMaskKernels = {combine_prototypes, interpolate_row, blend_rows,
                                  blend_and_threshold, sigmoid};

}  // namespace instseg::INSTSEG_ISA
