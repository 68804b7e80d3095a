// From mask coefficients and prototypes to packed bits, at the sizes of Mask-RT-DETR (32 prototypes
// of 160x160) on 1080p; and what comes before: top 100 of 300 queries x 80 classes, the NaN check.

#include <cmath>
#include <string>
#include <vector>

#include "bench.h"
#include "postprocess/mask_render.h"
#include "postprocess/nan_check.h"
#include "postprocess/top_k.h"

namespace {

using namespace instseg;

constexpr int kPrototypes = 32;
constexpr int kSide = 160;
constexpr int kInstances = 20;

float uniform(std::uint32_t& state) {
  state = state * 1664525 + 1013904223;
  return static_cast<float>(state >> 8) / 16777216.0f * 2 - 1;
}

// Waves of different lengths: outlines as curved as those of trained prototypes.
std::vector<float> waves() {
  std::uint32_t state = 1;
  std::vector<float> prototypes;
  prototypes.reserve(kPrototypes * kSide * kSide);
  for (int p = 0; p < kPrototypes; ++p) {
    const float fx = 0.1f * uniform(state);
    const float fy = 0.1f * uniform(state);
    const float phase = 3 * uniform(state);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        prototypes.push_back(
            std::sin(fx * static_cast<float>(x) + fy * static_cast<float>(y) + phase));
      }
    }
  }
  return prototypes;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  const std::vector<float> prototypes = waves();
  const PrototypeMasks masks{prototypes.data(), kPrototypes, kSide, kSide};
  std::uint32_t state = 2;
  std::vector<float> coefficients(kInstances * kPrototypes);
  for (float& value : coefficients) value = uniform(state);
  MaskRenderWorkspace workspace;

  const auto render = [&](int instance, int height, int width, const Region& region) {
    return render_mask(masks, coefficients.data() + instance * kPrototypes, height, width, region,
                       0, workspace);
  };
  table.row("20 masks of 300x400 on 1080p", 20 * 300 * 400, [&] {
    for (int i = 0; i < kInstances; ++i) {
      bench::keep(render(i, 1080, 1920, {i * 80, i * 34, 400, 300}));
    }
  });
  table.row("20 masks of 40x40 on 1080p", 20 * 40 * 40, [&] {
    for (int i = 0; i < kInstances; ++i) {
      bench::keep(render(i, 1080, 1920, {i * 80, i * 34, 40, 40}));
    }
  });
  table.row("1 mask of the whole of 1080p", 1080 * 1920,
            [&] { bench::keep(render(0, 1080, 1920, {0, 0, 1920, 1080})); });
  table.row("1 mask of the whole of 12 MP", 3000 * 4000,
            [&] { bench::keep(render(0, 3000, 4000, {0, 0, 4000, 3000})); });
  table.row("1 mask of the whole of 100x120 (shrinking)", 100 * 120,
            [&] { bench::keep(render(0, 100, 120, {0, 0, 120, 100})); });

  std::vector<float> logits(300 * 80);
  for (float& value : logits) value = 5 * uniform(state);
  TopKWorkspace top_k_workspace;
  table.row("top 100 of 24000", 24000, [&] { bench::keep(top_k(logits, 100, top_k_workspace)); });
  table.row("NaN check of the prototypes", kPrototypes * kSide * kSide,
            [&] { bench::keep(has_nan(prototypes)); });
}
