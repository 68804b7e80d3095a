// Compiled once per instruction set: no inline function or template of the standard library here.
#include "postprocess/selection_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::size_t;
using std::uint32_t;

bool has_nan(const float* values, size_t count) {
  size_t i = 0;
  // Blocks, so that a NaN at the start does not cost a pass over everything.
  constexpr size_t kBlock = 4096;  // floats
  while (i < count) {
    const size_t end = count - i < kBlock ? count : i + kBlock;
    int nan = 0;
    for (; i < end; ++i) nan |= values[i] != values[i];
    if (nan != 0) return true;
  }
  return false;
}

size_t indices_above(const float* values, size_t begin, size_t count, float threshold,
                     uint32_t* out, size_t capacity, size_t* num_out) {
  size_t written = 0;
  size_t i = begin;
#if defined(__AVX2__)
#if defined(__AVX512F__)
  constexpr size_t kLanes = 16;
  const __m512 limit = _mm512_set1_ps(threshold);
  const auto lanes_above = [&](const float* from) -> unsigned {
    return _mm512_cmp_ps_mask(_mm512_loadu_ps(from), limit, _CMP_GT_OQ);
  };
#else
  constexpr size_t kLanes = 8;
  const __m256 limit = _mm256_set1_ps(threshold);
  const auto lanes_above = [&](const float* from) {
    return static_cast<unsigned>(
        _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(from), limit, _CMP_GT_OQ)));
  };
#endif
  for (; i + kLanes <= count; i += kLanes) {
    if (written + kLanes > capacity) {
      *num_out = written;
      return i;
    }
    for (unsigned above = lanes_above(values + i); above != 0; above &= above - 1) {
      out[written++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(above));
    }
  }
#endif
  for (; i < count && written < capacity; ++i) {
    if (values[i] > threshold) out[written++] = static_cast<uint32_t>(i);
  }
  *num_out = written;
  return i;
}

}  // namespace

extern const SelectionKernels kSelectionKernels;
const SelectionKernels kSelectionKernels = {has_nan, indices_above};

}  // namespace instseg::INSTSEG_ISA
