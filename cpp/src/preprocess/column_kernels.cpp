// Compiled once per instruction set: no inline function or template of the standard library here.
#include "preprocess/column_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::int16_t;
using std::int32_t;
using std::uint8_t;

void linear_column_from(int begin, const int16_t* const rows[2], const int16_t weights[2],
                        int count, uint8_t* out) {
  const int16_t* const row0 = rows[0];
  const int16_t* const row1 = rows[1];
  const int w0 = weights[0];
  const int w1 = weights[1];
  for (int i = begin; i < count; ++i) {
    out[i] = static_cast<uint8_t>((((w0 * row0[i]) >> 16) + ((w1 * row1[i]) >> 16) + 2) >> 2);
  }
}

// From 2^23 to 2^24 float32 counts in ones: a sum rounds half to even into the lowest bits.
uint8_t rounded_byte(float value) {
  const float shifted = value + 12582912.0f;  // 1.5 * 2^23, bits 0x4B400000
  int32_t bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  const int32_t rounded = bits - 0x4B400000;
  const int32_t low = rounded < 0 ? 0 : rounded;
  return static_cast<uint8_t>(low > 255 ? 255 : low);
}

void cubic_column_from(int begin, const float* const rows[4], const float weights[4], int count,
                       uint8_t* out) {
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  const float w0 = weights[0];
  const float w1 = weights[1];
  const float w2 = weights[2];
  const float w3 = weights[3];
  for (int i = begin; i < count; ++i) {
    out[i] = rounded_byte(__builtin_fmaf(row0[i], w0, row1[i] * w1) +
                          __builtin_fmaf(row2[i], w2, row3[i] * w3));
  }
}

void cubic_border_column(const float* const rows[4], const float weights[4], int count,
                         uint8_t* out) {
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  const float w0 = weights[0];
  const float w1 = weights[1];
  const float w2 = weights[2];
  const float w3 = weights[3];
  for (int i = 0; i < count; ++i) {
    out[i] = rounded_byte((row0[i] * w0 + row2[i] * w2) + (row1[i] * w1 + row3[i] * w3));
  }
}

void float_column(const float* const* rows, const float* weights, int num_taps, int count,
                  float* out) {
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float w0 = weights[0];
  const float w1 = weights[1];
  if (num_taps == 2) {
    for (int i = 0; i < count; ++i) out[i] = row0[i] * w0 + row1[i] * w1;
    return;
  }
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  const float w2 = weights[2];
  const float w3 = weights[3];
  for (int i = 0; i < count; ++i) {
    out[i] = row0[i] * w0 + row1[i] * w1 + row2[i] * w2 + row3[i] * w3;
  }
}

#if defined(__AVX2__)

__m256i load32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
void store32(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

void linear_column(const int16_t* const rows[2], const int16_t weights[2], int count,
                   uint8_t* out) {
  const __m256i w0 = _mm256_set1_epi16(weights[0]);
  const __m256i w1 = _mm256_set1_epi16(weights[1]);
  const __m256i two = _mm256_set1_epi16(2);
  const auto at = [&](int i) {
    const __m256i sum = _mm256_add_epi16(_mm256_mulhi_epi16(load32(rows[0] + i), w0),
                                         _mm256_mulhi_epi16(load32(rows[1] + i), w1));
    return _mm256_srai_epi16(_mm256_add_epi16(sum, two), 2);
  };
  int i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i bytes = _mm256_packus_epi16(at(i), at(i + 16));  // halves interleaved
    store32(out + i, _mm256_permute4x64_epi64(bytes, 0xD8));
  }
  linear_column_from(i, rows, weights, count, out);
}

void cubic_column(const float* const rows[4], const float weights[4], int count, uint8_t* out) {
  const __m256 w0 = _mm256_set1_ps(weights[0]);
  const __m256 w1 = _mm256_set1_ps(weights[1]);
  const __m256 w2 = _mm256_set1_ps(weights[2]);
  const __m256 w3 = _mm256_set1_ps(weights[3]);
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  const auto at = [&](int i) {
    const __m256 left = _mm256_fmadd_ps(_mm256_loadu_ps(row0 + i), w0,
                                        _mm256_mul_ps(_mm256_loadu_ps(row1 + i), w1));
    const __m256 right = _mm256_fmadd_ps(_mm256_loadu_ps(row2 + i), w2,
                                         _mm256_mul_ps(_mm256_loadu_ps(row3 + i), w3));
    return _mm256_cvtps_epi32(_mm256_add_ps(left, right));  // half to even
  };
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  int i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i low = _mm256_packs_epi32(at(i), at(i + 8));
    const __m256i high = _mm256_packs_epi32(at(i + 16), at(i + 24));
    store32(out + i, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
  }
  cubic_column_from(i, rows, weights, count, out);
}

#else

void linear_column(const int16_t* const rows[2], const int16_t weights[2], int count,
                   uint8_t* out) {
  linear_column_from(0, rows, weights, count, out);
}

void cubic_column(const float* const rows[4], const float weights[4], int count, uint8_t* out) {
  cubic_column_from(0, rows, weights, count, out);
}

#endif

}  // namespace

extern const ColumnKernels kColumnKernels;
const ColumnKernels kColumnKernels = {
    .linear_column = linear_column,
    .cubic_column = cubic_column,
    .cubic_border_column = cubic_border_column,
    .float_column = float_column,
};

}  // namespace instseg::INSTSEG_ISA
