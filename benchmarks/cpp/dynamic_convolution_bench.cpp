// Dynamic convolution at the size of SOLOv2 on 1080p: mask features of 256 channels x 188 x 334
// (an input of 750 x 1333, padded to 752 x 1344); items are products.

#include <cstdint>
#include <string>
#include <vector>

#include "bench.h"
#include "postprocess/dynamic_convolution.h"

namespace {

using namespace instseg;

constexpr int kChannels = 256;
constexpr int kHeight = 188;
constexpr int kWidth = 336;

std::vector<float> noise(std::size_t count, float scale) {
  std::uint32_t state = 1;
  std::vector<float> values(count);
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = (static_cast<float>(state >> 8) / 16777216.0f * 2 - 1) * scale;
  }
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  const std::vector<float> values = noise(std::size_t{kChannels} * kHeight * kWidth, 1.0f);
  const MaskFeatures features{values.data(), kChannels, kHeight, kWidth};
  const ThreadPool pool(1);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks masks;
  for (const int num_masks : {1, 6, 20, 100, 500}) {
    const std::vector<float> numbers = noise(static_cast<std::size_t>(num_masks) * kChannels, 0.2f);
    DynamicWeights weights;
    weights.resize(num_masks, kChannels);
    for (int m = 0; m < num_masks; ++m) {
      for (int c = 0; c < kChannels; ++c) weights.set(m, c, numbers[m * kChannels + c]);
    }
    const double products = static_cast<double>(num_masks) * kChannels * kHeight * kWidth;
    table.row("measure " + std::to_string(num_masks) + " masks", products, [&] {
      bench::keep(measure_masks(features, weights, 0.0f, pool, workspace, masks, nullptr, 0));
    });
    if (num_masks > 100) continue;
    std::vector<float> logits(static_cast<std::size_t>(num_masks) * features.num_pixels());
    table.row("logits of " + std::to_string(num_masks) + " masks", products, [&] {
      bench::keep(
          mask_logits(features, weights, pool, workspace, logits.data(), features.num_pixels()));
    });
    table.row("their probabilities", static_cast<double>(logits.size()), [&] {
      logits_to_probabilities(logits);
      bench::keep(logits);
    });
  }
}
