// Masks drawn from tensors on the GPU against render_mask(), bit by bit: with the fakes, and on a
// GPU where there is one.
#include "engines/tensorrt/mask_stage.h"

#include <cstring>
#include <limits>
#include <vector>

#include "engines/tensorrt/stage_machine.h"
#include "instseg/errors.h"
#include "postprocess/mask_render.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::fake_machine;
using testing::FakeGpu;
using testing::FakeKernelControls;
using testing::gpu_machine;
using testing::Random;
using testing::StageMachine;

constexpr MaskSizes kSizes = {
    .num_prototypes = 5, .height = 9, .width = 11, .image_height = 60, .image_width = 150};
constexpr int kRows = 7;

// Tensors in both memories, and the stage.
struct Bench {
  std::shared_ptr<FakeGpu> gpu;
  StageMachine machine;
  DeviceScope scope;
  std::unique_ptr<Stream> stream = machine.device->make_stream();
  std::vector<float> prototypes;
  std::vector<float> coefficients;
  std::vector<PlannedMask> masks;
  std::unique_ptr<Memory> device_prototypes;
  std::unique_ptr<Memory> device_coefficients;

  explicit Bench(StageMachine on, std::shared_ptr<FakeGpu> fake = nullptr)
      : gpu(std::move(fake)), machine(std::move(on)), scope(*machine.device) {
    Random random(41);
    prototypes.resize(static_cast<std::size_t>(kSizes.num_prototypes * kSizes.height) *
                      kSizes.width);
    coefficients.resize(static_cast<std::size_t>(kRows * kSizes.num_prototypes));
    for (float& value : prototypes) value = random.real(-3, 3);
    for (float& value : coefficients) value = random.real(-2, 2);
    for (const Region& region :
         {Region{3, 4, 100, 20}, Region{0, 0, 150, 60}, Region{149, 59, 1, 1}, Region{10, 10, 0, 5},
          Region{20, 7, 64, 2}, Region{5, 5, 65, 50}}) {
      masks.push_back({region, random.integer(0, kRows - 1)});
    }
  }

  void upload() {
    const auto copy = [&](const std::vector<float>& values, std::unique_ptr<Memory>& memory) {
      const std::size_t size = values.size() * sizeof(float);
      memory = machine.device->allocate(size);
      const auto pinned = machine.device->allocate_pinned(size);
      std::memcpy(pinned->data(), values.data(), size);
      stream->copy_to_device(memory->data(), pinned->data(), size);
      stream->synchronize();
    };
    copy(prototypes, device_prototypes);
    copy(coefficients, device_coefficients);
  }

  bool draw(MaskStage& stage, float threshold, std::vector<Mask>& out) {
    out.assign(masks.size(), Mask());
    return stage.draw(static_cast<const float*>(device_prototypes->data()),
                      static_cast<const float*>(device_coefficients->data()), kRows, kSizes, masks,
                      threshold, *stream, out);
  }

  std::vector<Mask> expected(float threshold) const {
    MaskRenderWorkspace workspace;
    std::vector<Mask> out;
    for (const PlannedMask& mask : masks) {
      out.push_back(
          render_mask({prototypes.data(), kSizes.num_prototypes, kSizes.height, kSizes.width},
                      coefficients.data() + mask.coefficient_row * kSizes.num_prototypes,
                      kSizes.image_height, kSizes.image_width, mask.region, threshold, workspace));
    }
    return out;
  }
};

Bench fake_bench(
    std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>()) {
  const auto gpu = std::make_shared<FakeGpu>();
  return Bench(fake_machine(gpu, std::move(controls)), gpu);
}

// However many masks are drawn at a time.
void equals_render_mask(Bench& bench) {
  bench.upload();
  for (const std::size_t most_words : {0u, 1u, 45u, 100u, 1'000'000u}) {
    MaskStage stage(*bench.machine.device, *bench.machine.kernels, most_words);
    for (const float threshold : {0.0f, 1.25f}) {
      std::vector<Mask> drawn;
      EXPECT_TRUE(bench.draw(stage, threshold, drawn));
      EXPECT_TRUE(drawn == bench.expected(threshold));
    }
  }
}

void finds_what_is_not_finite(Bench& bench) {
  MaskStage stage(*bench.machine.device, *bench.machine.kernels);
  std::vector<Mask> drawn;
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       -std::numeric_limits<float>::infinity()};
  // Anywhere, under a mask or not.
  bench.masks.resize(1);
  for (const float value : bad) {
    for (std::vector<float>* const tensor : {&bench.prototypes, &bench.coefficients}) {
      for (const std::size_t at : {std::size_t{0}, tensor->size() / 2, tensor->size() - 1}) {
        const float before = (*tensor)[at];
        (*tensor)[at] = value;
        bench.upload();
        EXPECT_TRUE(!bench.draw(stage, 0, drawn));
        (*tensor)[at] = before;
      }
    }
  }
  bench.upload();
  EXPECT_TRUE(bench.draw(stage, 0, drawn));
  EXPECT_TRUE(drawn == bench.expected(0));
}

TEST(MaskStage, EqualsRenderMask) {
  Bench bench = fake_bench();
  equals_render_mask(bench);
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(MaskStage, FindsWhatIsNotFinite) {
  Bench bench = fake_bench();
  finds_what_is_not_finite(bench);
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(MaskStageOnGpu, EqualsRenderMask) {
  Bench bench(gpu_machine());
  equals_render_mask(bench);
}

TEST(MaskStageOnGpu, FindsWhatIsNotFinite) {
  Bench bench(gpu_machine());
  finds_what_is_not_finite(bench);
}

TEST(MaskStage, BringsBackWordsAlone) {
  Bench bench = fake_bench();
  bench.upload();
  MaskStage stage(*bench.machine.device, *bench.machine.kernels);
  std::vector<Mask> drawn;
  EXPECT_TRUE(bench.draw(stage, 0, drawn));
  std::size_t words = 0;
  for (const Mask& mask : drawn) {
    words += mask.words_per_row() * static_cast<std::size_t>(mask.region().height);
  }
  const std::size_t down = bench.gpu->bytes_down;
  const std::size_t up = bench.gpu->bytes_up;
  const int allocations = bench.gpu->allocations;
  EXPECT_TRUE(bench.draw(stage, 0, drawn));
  EXPECT_EQ(bench.gpu->bytes_down - down, 8 * words + 8);
  EXPECT_EQ(bench.gpu->bytes_up - up, bench.masks.size() * sizeof(MaskTask) + 8);
  EXPECT_EQ(bench.gpu->allocations, allocations);
}

TEST(MaskStage, KeepsToItsMemoryWhereManyMasksAreLarge) {
  Bench bench = fake_bench();
  bench.masks.assign(40, {{0, 0, 150, 60}, 3});  // 180 words each
  bench.upload();
  MaskStage stage(*bench.machine.device, *bench.machine.kernels, 400);
  std::vector<Mask> drawn;
  const std::size_t before = bench.gpu->pinned_bytes;
  EXPECT_TRUE(bench.draw(stage, 0, drawn));
  EXPECT_TRUE(drawn == bench.expected(0));
  EXPECT_TRUE(bench.gpu->pinned_bytes - before <= 400 * 8 + 2 * sizeof(MaskTask) + 8);
}

TEST(MaskStage, WorksAfterALaunchThatFailed) {
  const auto controls = std::make_shared<FakeKernelControls>();
  Bench bench = fake_bench(controls);
  bench.upload();
  MaskStage stage(*bench.machine.device, *bench.machine.kernels);
  std::vector<Mask> drawn;
  controls->fail_to_launch = true;
  EXPECT_THROWS(EngineError, "could not be started", bench.draw(stage, 0, drawn));
  controls->fail_to_launch = false;
  bench.stream->synchronize();
  EXPECT_TRUE(bench.draw(stage, 0, drawn));
  EXPECT_TRUE(drawn == bench.expected(0));
}

}  // namespace
}  // namespace instseg::tensorrt
