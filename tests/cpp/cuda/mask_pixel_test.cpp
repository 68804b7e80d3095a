// The kernels' masks against render_mask(), bit by bit, on the CPU and on the GPU.
#include "cuda/mask_pixel.h"

#include <limits>
#include <string>
#include <vector>

#include "kernel_runner.h"
#include "postprocess/mask_render.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::KernelRunner;
using testing::Random;

struct Case {
  MaskSizes sizes;
  float threshold = 0;
  int num_rows = 0;
  std::vector<float> prototypes;
  std::vector<float> coefficients;  // [num_rows, num_prototypes]
  std::vector<PlannedMask> masks;
};

Case make_case(Random& random, const MaskSizes& sizes, int num_rows) {
  Case c{.sizes = sizes, .num_rows = num_rows, .prototypes = {}, .coefficients = {}, .masks = {}};
  c.prototypes.resize(static_cast<std::size_t>(sizes.num_prototypes) * sizes.height * sizes.width);
  for (float& value : c.prototypes) value = random.real(-3, 3);
  c.coefficients.resize(static_cast<std::size_t>(num_rows) * sizes.num_prototypes);
  for (float& value : c.coefficients) value = random.real(-2, 2);
  return c;
}

Region random_region(Random& random, int image_height, int image_width) {
  const auto side = [&](int size, int& begin) {
    const int kind = random.integer(0, 9);
    const int length = kind < 3 ? size : kind == 3 ? 0 : kind == 4 ? 1 : random.integer(1, size);
    begin = random.integer(0, 2) == 0 ? size - length : random.integer(0, size - length);
    return length;
  };
  Region region;
  region.width = side(image_width, region.x);
  region.height = side(image_height, region.y);
  return region;
}

bool expect_same(const Case& c, MaskPlan& plan, KernelRunner& runner) {
  static MaskRenderWorkspace workspace;
  plan.build(c.sizes, c.masks);
  const std::vector<std::uint64_t> words =
      runner.masks(c.prototypes, c.coefficients, plan, c.threshold);
  const PrototypeMasks prototypes = {.prototypes = c.prototypes.data(),
                                     .num_prototypes = c.sizes.num_prototypes,
                                     .height = c.sizes.height,
                                     .width = c.sizes.width};
  for (std::size_t i = 0; i < c.masks.size(); ++i) {
    const PlannedMask& planned = c.masks[i];
    const float* const coefficients =
        c.coefficients.data() +
        static_cast<std::ptrdiff_t>(planned.coefficient_row) * c.sizes.num_prototypes;
    const Mask expected = render_mask(prototypes, coefficients, c.sizes.image_height,
                                      c.sizes.image_width, planned.region, c.threshold, workspace);
    if (plan.mask(i, words) == expected) continue;
    testing::fail(__FILE__, __LINE__,
                  "mask " + std::to_string(i) + " of " + std::to_string(c.sizes.num_prototypes) +
                      " prototypes " + std::to_string(c.sizes.height) + " x " +
                      std::to_string(c.sizes.width) + ", region x " +
                      std::to_string(planned.region.x) + " y " + std::to_string(planned.region.y) +
                      " of " + std::to_string(planned.region.height) + " x " +
                      std::to_string(planned.region.width) + ", image " +
                      std::to_string(c.sizes.image_height) + " x " +
                      std::to_string(c.sizes.image_width));
    return false;
  }
  return true;
}

void random_masks(KernelRunner& runner) {
  Random random(11);
  MaskPlan plan;  // reused: nothing may stay from one image to the next
  for (int i = 0; i < 120; ++i) {
    const MaskSizes sizes = {.num_prototypes = random.integer(1, 34),
                             .height = random.integer(1, 40),
                             .width = random.integer(1, 40),
                             .image_height = random.integer(1, 150),
                             .image_width = random.integer(1, 260)};
    Case c = make_case(random, sizes, random.integer(1, 6));
    const int count = random.integer(0, 7);
    for (int k = 0; k < count; ++k) {
      c.masks.push_back({random_region(random, sizes.image_height, sizes.image_width),
                         random.integer(0, c.num_rows - 1)});
    }
    if (random.integer(0, 2) == 0) c.threshold = random.real(-3, 3);
    if (random.integer(0, 4) == 0) {  // logits that hit the threshold exactly
      for (float& value : c.prototypes) value = static_cast<float>(random.integer(-1, 1));
      for (float& value : c.coefficients) value = static_cast<float>(random.integer(-1, 1));
      c.threshold = static_cast<float>(random.integer(-1, 1));
    }
    if (!expect_same(c, plan, runner)) return;
  }
}

void real_sizes(KernelRunner& runner) {
  Random random(12);
  MaskPlan plan;
  Case c = make_case(random,
                     {.num_prototypes = 32,
                      .height = 160,
                      .width = 160,
                      .image_height = 1080,
                      .image_width = 1920},
                     20);
  const Region regions[] = {{0, 0, 64, 3},      {1856, 1077, 64, 3}, {1919, 1079, 1, 1},
                            {0, 1079, 1920, 1}, {1919, 0, 1, 1080},  {701, 333, 129, 40},
                            {0, 0, 1, 1},       {3, 0, 63, 2},       {5, 5, 65, 2}};
  for (const Region& region : regions) c.masks.push_back({region, random.integer(0, 19)});
  expect_same(c, plan, runner);
}

void no_numbers(KernelRunner& runner) {
  Random random(13);
  MaskPlan plan;
  Case c = make_case(random, {1, 3, 3, 7, 9}, 1);
  const float infinity = std::numeric_limits<float>::infinity();
  c.coefficients = {1};
  c.prototypes = {1, -1, 1, -infinity, -1, 1, std::numeric_limits<float>::quiet_NaN(), 1, infinity};
  c.masks = {{{0, 0, 9, 7}, 0}};
  expect_same(c, plan, runner);
  c.sizes.image_height = c.sizes.image_width = 3;
  c.masks = {{{0, 0, 3, 3}, 0}};
  expect_same(c, plan, runner);
}

std::unique_ptr<KernelRunner> gpu() {
  std::string why;
  std::unique_ptr<KernelRunner> runner = testing::device_runner(why);
  if (runner == nullptr) SKIP(why);
  return runner;
}

TEST(MaskPixel, EqualsTheCpuKernelsOnRandomMasks) { random_masks(*testing::host_runner()); }
TEST(MaskPixel, EqualsTheCpuKernelsAtRealSizes) { real_sizes(*testing::host_runner()); }
TEST(MaskPixel, TakesNanAndInfinityAsTheCpuKernelsDo) { no_numbers(*testing::host_runner()); }

TEST(MaskPixelOnGpu, EqualsTheCpuKernelsOnRandomMasks) { random_masks(*gpu()); }
TEST(MaskPixelOnGpu, EqualsTheCpuKernelsAtRealSizes) { real_sizes(*gpu()); }
TEST(MaskPixelOnGpu, TakesNanAndInfinityAsTheCpuKernelsDo) { no_numbers(*gpu()); }

}  // namespace
}  // namespace instseg
