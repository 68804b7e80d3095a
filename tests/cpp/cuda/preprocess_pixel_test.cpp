// The kernels' preprocessing against preprocess(), value by value: the same bits on every
// instruction set of the CPU and on the GPU.
#include "cuda/preprocess_pixel.h"

#include <string>
#include <vector>

#include "../preprocess/resize_reference.h"
#include "kernel_runner.h"
#include "preprocess/preprocess.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::KernelRunner;
using testing::Picture;
using testing::Random;

constexpr PixelFormat kFormats[] = {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray,
                                    PixelFormat::kBgra, PixelFormat::kRgba};
constexpr Interpolation kInterpolations[] = {Interpolation::kNearest, Interpolation::kBilinear,
                                             Interpolation::kBicubic};

PreprocessSpec imagenet(int height, int width, Interpolation interpolation) {
  PreprocessSpec spec{
      .height = height, .width = width, .keep_ratio = true, .interpolation = interpolation};
  spec.mean = {0.485, 0.456, 0.406};
  spec.std = {0.229, 0.224, 0.225};
  spec.pad_stride = 32;
  return spec;
}

bool expect_same(const Picture& picture, const PreprocessSpec& spec, PreprocessPlan& plan,
                 KernelRunner& runner) {
  static const ThreadPool pool(1);
  static PreprocessWorkspace workspace;
  plan.build(spec, picture.format, picture.height, picture.width);
  const NetworkSize size = network_size(spec, picture.height, picture.width);
  std::vector<float> expected(3 * static_cast<std::size_t>(size.padded_height) *
                              static_cast<std::size_t>(size.padded_width));
  preprocess(picture.view(), spec, expected.data(), workspace, pool);
  const std::vector<float> actual = runner.preprocess(picture.view(), plan);
  if (!EXPECT_EQ(actual.size(), expected.size())) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (actual[i] == expected[i]) continue;
    testing::fail(__FILE__, __LINE__,
                  "value " + std::to_string(i) + " is " + testing::show(actual[i]) + ", not " +
                      testing::show(expected[i]) + "; " + std::to_string(picture.height) + " x " +
                      std::to_string(picture.width) + " to " + std::to_string(size.height) + " x " +
                      std::to_string(size.width) + ", format " +
                      std::to_string(static_cast<int>(picture.format)) + ", interpolation " +
                      std::to_string(static_cast<int>(spec.interpolation)) + ", normalised first " +
                      std::to_string(spec.normalize_before_resize));
    return false;
  }
  return true;
}

void every_kind(KernelRunner& runner) {
  Random random(1);
  PreprocessPlan plan;  // reused: nothing may stay from one image to the next
  for (const PixelFormat format : kFormats) {
    for (const Interpolation interpolation : kInterpolations) {
      for (const bool before : {false, true}) {
        for (const bool rgb : {false, true}) {
          for (const auto& [height, width] :
               {std::pair{31, 47}, {53, 20}, {3, 17}, {17, 3}, {1, 1}, {40, 61}}) {
            const Picture picture =
                testing::random_picture(random, height, width, format, random.integer(0, 5));
            PreprocessSpec spec = imagenet(40, 61, interpolation);
            spec.normalize_before_resize = before;
            spec.rgb = rgb;
            if (!expect_same(picture, spec, plan, runner)) return;
          }
        }
      }
    }
  }
}

void random_sizes(KernelRunner& runner) {
  Random random(2);
  PreprocessPlan plan;
  for (int i = 0; i < 200; ++i) {
    const Picture picture =
        testing::random_picture(random, random.integer(1, 80), random.integer(1, 80),
                                kFormats[i % 5], random.integer(0, 9));
    PreprocessSpec spec = imagenet(random.integer(1, 70), random.integer(1, 70),
                                   kInterpolations[random.integer(0, 2)]);
    spec.keep_ratio = random.integer(0, 1) == 0;
    spec.pad_stride = random.integer(0, 1) == 0 ? 1 : 32;
    spec.normalize_before_resize = random.integer(0, 3) == 0;
    if (!expect_same(picture, spec, plan, runner)) return;
  }
}

// Ratios of photos: 1080p, and the network's size from a smaller picture.
void real_ratios(KernelRunner& runner) {
  Random random(3);
  PreprocessPlan plan;
  for (const Interpolation interpolation : kInterpolations) {
    for (const auto& [height, width] : {std::pair{216, 384}, {60, 90}, {256, 128}}) {
      const Picture picture = testing::random_picture(random, height, width, PixelFormat::kBgr);
      const PreprocessSpec spec{.height = 128, .width = 128, .interpolation = interpolation};
      if (!expect_same(picture, spec, plan, runner)) return;
    }
  }
}

// Another rounding of a bicubic sum, say by a multiply-add that should be none, shows in few bytes
// of a million: it takes as many values as some networks' inputs have.
void whole_inputs(KernelRunner& runner) {
  Random random(5);
  PreprocessPlan plan;
  for (int i = 0; i < 8; ++i) {
    const PixelFormat format = i < 6 ? PixelFormat::kBgr : PixelFormat::kGray;
    const Picture picture = testing::random_picture(random, 531 + 10 * i, 467 + 20 * i, format);
    const PreprocessSpec spec{.height = 640, .width = 640};
    if (!expect_same(picture, spec, plan, runner)) return;
  }
}

std::unique_ptr<KernelRunner> gpu() {
  std::string why;
  std::unique_ptr<KernelRunner> runner = testing::device_runner(why);
  if (runner == nullptr) SKIP(why);
  return runner;
}

TEST(PreprocessPixel, EqualsTheCpuKernelsOnEveryKindOfImage) {
  every_kind(*testing::host_runner());
}
TEST(PreprocessPixel, EqualsTheCpuKernelsAtRandomSizes) { random_sizes(*testing::host_runner()); }
TEST(PreprocessPixel, EqualsTheCpuKernelsAtRealRatios) { real_ratios(*testing::host_runner()); }

TEST(PreprocessPixel, EqualsTheCpuKernelsOnWholeInputs) { whole_inputs(*testing::host_runner()); }

TEST(PreprocessPixelOnGpu, EqualsTheCpuKernelsOnEveryKindOfImage) { every_kind(*gpu()); }
TEST(PreprocessPixelOnGpu, EqualsTheCpuKernelsAtRandomSizes) { random_sizes(*gpu()); }
TEST(PreprocessPixelOnGpu, EqualsTheCpuKernelsAtRealRatios) { real_ratios(*gpu()); }
TEST(PreprocessPixelOnGpu, EqualsTheCpuKernelsOnWholeInputs) { whole_inputs(*gpu()); }

TEST(PreprocessPixel, ReadsRowsThatRunUpwards) {
  Random random(4);
  const Picture picture = testing::random_picture(random, 23, 31, PixelFormat::kBgr);
  ImageView upwards = picture.view();
  upwards.data += 22 * picture.stride;
  upwards.row_stride_bytes = -picture.stride;
  const PreprocessSpec spec{.height = 40, .width = 50};
  PreprocessPlan plan;
  plan.build(spec, PixelFormat::kBgr, 23, 31);
  std::vector<float> expected(3 * 40 * 50);
  PreprocessWorkspace workspace;
  preprocess(upwards, spec, expected.data(), workspace, ThreadPool(1));
  EXPECT_TRUE(testing::host_runner()->preprocess(upwards, plan) == expected);
}

}  // namespace
}  // namespace instseg
