// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/three_tap_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::size_t;
using std::uint64_t;

void three_taps_of_row(const float* values, const int* source, const float* weights0,
                       const float* weights1, const float* weights2, int count, float* out) {
  int x = 0;
#if defined(__AVX2__)
  for (; x < count; x += 8) {
    const int first = source[x];
    if (source[x + 7] - first > 7) break;
    const float* const from = values + first;
    const __m256i place = _mm256_sub_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source + x)), _mm256_set1_epi32(first));
    const __m256 v0 = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), place);
    const __m256 v1 = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + 1), place);
    const __m256 v2 = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + 2), place);
    const __m256 two = _mm256_add_ps(_mm256_mul_ps(v0, _mm256_loadu_ps(weights0 + x)),
                                     _mm256_mul_ps(v1, _mm256_loadu_ps(weights1 + x)));
    _mm256_storeu_ps(out + x, _mm256_add_ps(two, _mm256_mul_ps(v2, _mm256_loadu_ps(weights2 + x))));
  }
#endif
  // Shrinking: sources lie too far apart for one vector.
  for (; x < count; ++x) {
    const float* const from = values + source[x];
    out[x] = from[0] * weights0[x] + from[1] * weights1[x] + from[2] * weights2[x];
  }
}

void blend_three_and_threshold(const float* row0, const float* row1, const float* row2,
                               float weight0, float weight1, float weight2, float threshold,
                               size_t words, uint64_t* out) {
  for (size_t word = 0; word < words; ++word) {
    uint64_t bits = 0;
#if defined(__AVX2__)
    const __m256 w0 = _mm256_set1_ps(weight0);
    const __m256 w1 = _mm256_set1_ps(weight1);
    const __m256 w2 = _mm256_set1_ps(weight2);
    const __m256 limit = _mm256_set1_ps(threshold);
    for (int i = 0; i < 64; i += 8) {
      const size_t x = 64 * word + static_cast<size_t>(i);
      const __m256 two = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(row0 + x), w0),
                                       _mm256_mul_ps(_mm256_loadu_ps(row1 + x), w1));
      const __m256 value = _mm256_add_ps(two, _mm256_mul_ps(_mm256_loadu_ps(row2 + x), w2));
      const int eight = _mm256_movemask_ps(_mm256_cmp_ps(value, limit, _CMP_GT_OQ));
      bits |= static_cast<uint64_t>(static_cast<unsigned>(eight)) << i;
    }
#else
    for (int i = 0; i < 64; ++i) {
      const size_t x = 64 * word + static_cast<size_t>(i);
      const float value = row0[x] * weight0 + row1[x] * weight1 + row2[x] * weight2;
      bits |= static_cast<uint64_t>(value > threshold) << i;
    }
#endif
    out[word] = bits;
  }
}

}  // namespace

extern const ThreeTapKernels kThreeTapKernels;
const ThreeTapKernels kThreeTapKernels = {three_taps_of_row, blend_three_and_threshold};

}  // namespace instseg::INSTSEG_ISA
