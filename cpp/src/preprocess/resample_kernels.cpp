// Compiled once per instruction set: no inline function or template of the standard library here.
#include "preprocess/resample_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::int16_t;
using std::int32_t;
using std::uint32_t;
using std::uint8_t;

int lanes_of(int channels) { return channels == 1 ? 1 : 4; }

// Tap k of an output pixel, moved inside the row.
const uint8_t* tap(const uint8_t* row, int channels, const RowTaps& taps, int pixel) {
  const int inside = pixel < 0 ? 0 : pixel >= taps.source ? taps.source - 1 : pixel;
  return row + static_cast<long>(inside) * channels;
}

void nearest_row(const uint8_t* row, int channels, const RowTaps& taps, uint8_t* out) {
  if (channels == 1) {
    for (int x = 0; x < taps.size; ++x) out[x] = row[taps.first[x]];
  } else {
    for (int x = 0; x < taps.size; ++x) {
      const uint8_t* pixel = row + static_cast<long>(taps.first[x]) * channels;
      out[4 * x] = pixel[0];
      out[4 * x + 1] = pixel[1];
      out[4 * x + 2] = pixel[2];
      out[4 * x + 3] = channels == 4 ? pixel[3] : 0;
    }
  }
}

// ---- bilinear, bytes
// -------------------------------------------------------------------------------

void linear_row_range(const uint8_t* row, int channels, const RowTaps& taps, int begin, int end,
                      int16_t* out) {
  const int lanes = lanes_of(channels);
  for (int x = begin; x < end; ++x) {
    const uint8_t* p0 = tap(row, channels, taps, taps.first[x]);
    const uint8_t* p1 = tap(row, channels, taps, taps.first[x] + 1);
    const int w0 = taps.fixed[2 * x];
    const int w1 = taps.fixed[2 * x + 1];
    for (int c = 0; c < channels; ++c) {
      out[lanes * x + c] = static_cast<int16_t>((w0 * p0[c] + w1 * p1[c]) >> 4);
    }
    for (int c = channels; c < lanes; ++c) out[lanes * x + c] = 0;
  }
}

void linear_column_from(int begin, const int16_t* const rows[2], const int16_t weights[2],
                        int count, uint8_t* out) {
  const int16_t* const row0 = rows[0];
  const int16_t* const row1 = rows[1];
  for (int i = begin; i < count; ++i) {
    out[i] = static_cast<uint8_t>(
        (((weights[0] * row0[i]) >> 16) + ((weights[1] * row1[i]) >> 16) + 2) >> 2);
  }
}

// ---- bicubic, bytes
// --------------------------------------------------------------------------------

constexpr float kLowUnit = 1.0f / (1 << kCubicLowBits);

void cubic_row_range(const uint8_t* row, int channels, const RowTaps& taps, int begin, int end,
                     float* out) {
  const int lanes = lanes_of(channels);
  for (int x = begin; x < end; ++x) {
    const uint8_t* p[4];
    for (int k = 0; k < 4; ++k) p[k] = tap(row, channels, taps, taps.first[x] + k);
    const int16_t* high = taps.fixed + static_cast<long>(kCubicWeightLanes) * x;
    const int16_t* low = high + 4;
    for (int c = 0; c < channels; ++c) {
      // Both sums stay below 2^24: float32 holds them exactly, and only the last sum is rounded.
      const int32_t sum_high =
          high[0] * p[0][c] + high[1] * p[1][c] + high[2] * p[2][c] + high[3] * p[3][c];
      const int32_t sum_low =
          low[0] * p[0][c] + low[1] * p[1][c] + low[2] * p[2][c] + low[3] * p[3][c];
      out[lanes * x + c] = static_cast<float>(sum_high) + static_cast<float>(sum_low) * kLowUnit;
    }
    for (int c = channels; c < lanes; ++c) out[lanes * x + c] = 0;
  }
}

void cubic_column_from(int begin, const float* const rows[4], const float weights[4], int count,
                       uint8_t* out) {
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  for (int i = begin; i < count; ++i) {
    float value =
        row0[i] * weights[0] + row1[i] * weights[1] + row2[i] * weights[2] + row3[i] * weights[3];
    value = value > 0.0f ? value : 0.0f;
    value = value < 255.0f ? value : 255.0f;
    // At 2^23 the spacing of float32 is 1: the sum rounds half to even, its low bits are the
    // result.
    const float shifted = value + 8388608.0f;
    uint32_t bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    out[i] = static_cast<uint8_t>(bits);
  }
}

// ---- float32
// ---------------------------------------------------------------------------------------

void float_row_range(const uint8_t* row, int channels, int num_taps, const RowTaps& taps,
                     const LaneNormalization& normalization, int begin, int end, float* out) {
  const int colors = channels == 4 ? 4 : 3;
  const int step = channels == 1 ? 0 : 1;
  for (int x = begin; x < end; ++x) {
    const float* weights = taps.real + static_cast<long>(num_taps) * x;
    for (int c = 0; c < colors; ++c) {
      float sum = 0;
      for (int k = 0; k < num_taps; ++k) {
        const uint8_t* p = tap(row, channels, taps, taps.first[x] + k);
        const float value =
            static_cast<float>(p[c * step]) * normalization.scale[c] + normalization.offset[c];
        sum = k == 0 ? value * weights[0] : sum + value * weights[k];
      }
      out[4 * x + c] = sum;
    }
    if (colors == 3) out[4 * x + 3] = 0;
  }
}

void float_column(const float* const* rows, const float* weights, int num_taps, int count,
                  float* out) {
  if (num_taps == 2) {
    const float* const row0 = rows[0];
    const float* const row1 = rows[1];
    const float w0 = weights[0];
    const float w1 = weights[1];
    for (int i = 0; i < count; ++i) out[i] = row0[i] * w0 + row1[i] * w1;
  } else {
    const float* const row0 = rows[0];
    const float* const row1 = rows[1];
    const float* const row2 = rows[2];
    const float* const row3 = rows[3];
    const float w0 = weights[0];
    const float w1 = weights[1];
    const float w2 = weights[2];
    const float w3 = weights[3];
    for (int i = 0; i < count; ++i) {
      out[i] = row0[i] * w0 + row1[i] * w1 + row2[i] * w2 + row3[i] * w3;
    }
  }
}

// ---- planes
// ----------------------------------------------------------------------------------------

void plane_from_bytes_from(int begin, const uint8_t* pixels, int lanes, int width, float scale,
                           float offset, float* plane) {
  for (int x = begin; x < width; ++x) {
    plane[x] = static_cast<float>(pixels[static_cast<long>(lanes) * x]) * scale + offset;
  }
}

void planes_from_floats(const float* pixels, int lanes, int width, const int source_lane[3],
                        float* const planes[3]) {
  for (int c = 0; c < 3; ++c) {
    const float* const source = pixels + source_lane[c];
    float* const plane = planes[c];
    for (int x = 0; x < width; ++x) plane[x] = source[static_cast<long>(lanes) * x];
  }
}

#if defined(__AVX2__)

// A pixel takes 128 bits: int32 or float32 per lane. Multiplying and adding neighbours (pmaddwd)
// wants the bytes of two taps side by side, widened to 16 bits.

__m128i load4(const uint8_t* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm_cvtsi32_si128(value);
}
__m128i load8(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
__m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
__m256i load32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
void store32(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

// Shuffle that puts lane c of the taps `first` and `first + 1` into 32-bit element c.
template <int kChannels>
__m256i tap_pair_shuffle(int first) {
  alignas(16) signed char index[16];
  for (int c = 0; c < 4; ++c) {
    const bool used = c < kChannels;
    index[4 * c] = static_cast<signed char>(used ? first * kChannels + c : -1);
    index[4 * c + 1] = -1;
    index[4 * c + 2] = static_cast<signed char>(used ? (first + 1) * kChannels + c : -1);
    index[4 * c + 3] = -1;
  }
  return _mm256_broadcastsi128_si256(load16(index));
}

template <int kChannels>
int linear_row_inner(const uint8_t* row, const RowTaps& taps, int16_t* out) {
  const __m256i pair = tap_pair_shuffle<kChannels>(0);
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
  const __m256i pair01 = tap_pair_shuffle<kChannels>(0);
  const __m256i pair23 = tap_pair_shuffle<kChannels>(2);
  const __m256 low_unit = _mm256_set1_ps(kLowUnit);
  int x = taps.inner_begin;
  for (; x + 2 <= taps.inner_end; x += 2) {
    const int* first = taps.first + x;
    const auto at = [row](int pixel) { return load16(row + static_cast<long>(pixel) * kChannels); };
    const __m256i pixels = _mm256_set_m128i(at(first[1]), at(first[0]));
    const __m256i taps01 = _mm256_shuffle_epi8(pixels, pair01);
    const __m256i taps23 = _mm256_shuffle_epi8(pixels, pair23);
    const __m256i weights = load32(taps.fixed + static_cast<long>(kCubicWeightLanes) * x);
    const __m256i high =
        _mm256_add_epi32(_mm256_madd_epi16(taps01, _mm256_shuffle_epi32(weights, 0x00)),
                         _mm256_madd_epi16(taps23, _mm256_shuffle_epi32(weights, 0x55)));
    const __m256i low =
        _mm256_add_epi32(_mm256_madd_epi16(taps01, _mm256_shuffle_epi32(weights, 0xAA)),
                         _mm256_madd_epi16(taps23, _mm256_shuffle_epi32(weights, 0xFF)));
    _mm256_storeu_ps(out + 4 * x, _mm256_add_ps(_mm256_cvtepi32_ps(high),
                                                _mm256_mul_ps(_mm256_cvtepi32_ps(low), low_unit)));
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

void linear_row(const uint8_t* row, int channels, const RowTaps& taps, int16_t* out) {
  int begin = 0;
  if (channels != 1 && taps.inner_begin < taps.inner_end) {
    linear_row_range(row, channels, taps, 0, taps.inner_begin, out);
    begin =
        channels == 3 ? linear_row_inner<3>(row, taps, out) : linear_row_inner<4>(row, taps, out);
  }
  linear_row_range(row, channels, taps, begin, taps.size, out);
}

void cubic_row(const uint8_t* row, int channels, const RowTaps& taps, float* out) {
  int begin = 0;
  if (channels != 1 && taps.inner_begin < taps.inner_end) {
    cubic_row_range(row, channels, taps, 0, taps.inner_begin, out);
    begin = channels == 3 ? cubic_row_inner<3>(row, taps, out) : cubic_row_inner<4>(row, taps, out);
  }
  cubic_row_range(row, channels, taps, begin, taps.size, out);
}

void float_row(const uint8_t* row, int channels, int num_taps, const RowTaps& taps,
               const LaneNormalization& normalization, float* out) {
  int begin = 0;
  if (channels != 1 && taps.inner_begin < taps.inner_end) {
    float_row_range(row, channels, num_taps, taps, normalization, 0, taps.inner_begin, out);
    if (channels == 3) {
      begin = num_taps == 2 ? float_row_inner<3, 2>(row, taps, normalization, out)
                            : float_row_inner<3, 4>(row, taps, normalization, out);
    } else {
      begin = num_taps == 2 ? float_row_inner<4, 2>(row, taps, normalization, out)
                            : float_row_inner<4, 4>(row, taps, normalization, out);
    }
  }
  float_row_range(row, channels, num_taps, taps, normalization, begin, taps.size, out);
}

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
    __m256 sum = _mm256_mul_ps(_mm256_loadu_ps(row0 + i), w0);
    sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(row1 + i), w1));
    sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(row2 + i), w2));
    sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(row3 + i), w3));
    return _mm256_cvtps_epi32(sum);  // half to even
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

void planes_from_bytes(const uint8_t* pixels, int lanes, int width, const int source_lane[3],
                       const LaneNormalization& normalization, float* const planes[3]) {
  int x = 0;
  if (lanes == 4) {
    const __m256i byte = _mm256_set1_epi32(255);
    for (; x + 8 <= width; x += 8) {
      const __m256i eight = load32(pixels + 4 * x);
      for (int c = 0; c < 3; ++c) {
        const __m256i value =
            _mm256_and_si256(_mm256_srl_epi32(eight, _mm_cvtsi32_si128(8 * source_lane[c])), byte);
        _mm256_storeu_ps(planes[c] + x,
                         _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(value),
                                                     _mm256_set1_ps(normalization.scale[c])),
                                       _mm256_set1_ps(normalization.offset[c])));
      }
    }
  }
  for (int c = 0; c < 3; ++c) {
    plane_from_bytes_from(x, pixels + source_lane[c], lanes, width, normalization.scale[c],
                          normalization.offset[c], planes[c]);
  }
}

#else

void linear_row(const uint8_t* row, int channels, const RowTaps& taps, int16_t* out) {
  linear_row_range(row, channels, taps, 0, taps.size, out);
}

void cubic_row(const uint8_t* row, int channels, const RowTaps& taps, float* out) {
  cubic_row_range(row, channels, taps, 0, taps.size, out);
}

void float_row(const uint8_t* row, int channels, int num_taps, const RowTaps& taps,
               const LaneNormalization& normalization, float* out) {
  float_row_range(row, channels, num_taps, taps, normalization, 0, taps.size, out);
}

void linear_column(const int16_t* const rows[2], const int16_t weights[2], int count,
                   uint8_t* out) {
  linear_column_from(0, rows, weights, count, out);
}

void cubic_column(const float* const rows[4], const float weights[4], int count, uint8_t* out) {
  cubic_column_from(0, rows, weights, count, out);
}

void planes_from_bytes(const uint8_t* pixels, int lanes, int width, const int source_lane[3],
                       const LaneNormalization& normalization, float* const planes[3]) {
  for (int c = 0; c < 3; ++c) {
    plane_from_bytes_from(0, pixels + source_lane[c], lanes, width, normalization.scale[c],
                          normalization.offset[c], planes[c]);
  }
}

#endif

}  // namespace

extern const ResampleKernels kResampleKernels;
const ResampleKernels kResampleKernels = {
    .nearest_row = nearest_row,
    .linear_row = linear_row,
    .linear_column = linear_column,
    .cubic_row = cubic_row,
    .cubic_column = cubic_column,
    .float_row = float_row,
    .float_column = float_column,
    .planes_from_bytes = planes_from_bytes,
    .planes_from_floats = planes_from_floats,
};

}  // namespace instseg::INSTSEG_ISA
