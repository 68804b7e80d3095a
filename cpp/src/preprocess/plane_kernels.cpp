// Compiled once per instruction set: no inline function or template of the standard library here.
#include "preprocess/plane_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::uint8_t;

template <int kLanes>
void plane_from_bytes(int begin, const uint8_t* pixels, int width, float scale, float offset,
                      float* plane) {
  for (int x = begin; x < width; ++x) {
    plane[x] = static_cast<float>(pixels[static_cast<long>(kLanes) * x]) * scale + offset;
  }
}

void planes_from_floats(const float* pixels, int width, const int source_lane[3],
                        float* const planes[3]) {
  for (int c = 0; c < 3; ++c) {
    const float* const source = pixels + source_lane[c];
    float* const plane = planes[c];
    for (int x = 0; x < width; ++x) plane[x] = source[4L * x];
  }
}

#if defined(__AVX2__)

void planes_from_bytes(const uint8_t* pixels, int lanes, int width, const int source_lane[3],
                       const LaneNormalization& normalization, float* const planes[3]) {
  int x = 0;
  if (lanes == 4) {
    const __m256i byte = _mm256_set1_epi32(255);
    for (; x + 8 <= width; x += 8) {
      const __m256i eight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pixels + 4 * x));
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
    const auto plane = lanes == 4 ? plane_from_bytes<4> : plane_from_bytes<1>;
    plane(x, pixels + source_lane[c], width, normalization.scale[c], normalization.offset[c],
          planes[c]);
  }
}

#else

void planes_from_bytes(const uint8_t* pixels, int lanes, int width, const int source_lane[3],
                       const LaneNormalization& normalization, float* const planes[3]) {
  for (int c = 0; c < 3; ++c) {
    const auto plane = lanes == 4 ? plane_from_bytes<4> : plane_from_bytes<1>;
    plane(0, pixels + source_lane[c], width, normalization.scale[c], normalization.offset[c],
          planes[c]);
  }
}

#endif

}  // namespace

extern const PlaneKernels kPlaneKernels;
const PlaneKernels kPlaneKernels = {
    .planes_from_bytes = planes_from_bytes,
    .planes_from_floats = planes_from_floats,
};

}  // namespace instseg::INSTSEG_ISA
