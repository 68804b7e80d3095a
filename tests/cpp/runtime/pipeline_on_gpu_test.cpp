// Whole predictions with images prepared and masks drawn on a (fake) GPU, against those of the CPU,
// bit by bit. The same network runs in both.
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "cuda/mask_plan.h"
#include "engines/tensorrt/fake_kernels.h"
#include "engines/tensorrt/fake_tensorrt.h"
#include "engines/tensorrt/tensorrt_engine.h"
#include "fake_pipeline.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::FakeGpu;
using testing::FakeKernelControls;
using testing::FakePipeline;
using testing::good_manifest;
using testing::same_result;
using testing::test_image;
using testing::test_images;
using testing::TestImage;

// A Pipeline of good_manifest() on TensorRT's engine over fakes, on the second GPU.
struct GpuPipeline {
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>();
  std::shared_ptr<const tensorrt::Driver> driver = testing::make_fake_driver(gpu);
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Pipeline> pipeline;

  explicit GpuPipeline(PredictorOptions options = {.num_threads = 2}, bool with_kernels = true) {
    const std::string network = "mask_rtdetr";
    nlohmann::json manifest = good_manifest();
    manifest["networks"][0]["size_bytes"] = network.size();
    const testing::TestNetworkFolder folder(manifest);
    std::ofstream(folder.path() / "network.onnx") << network;
    engine = tensorrt::make_engine(
        {.adapter = testing::make_fake_adapter(gpu),
         .driver = driver,
         .kernels = with_kernels ? testing::make_fake_kernels(gpu, controls) : nullptr});
    options.device = "gpu:1";
    pipeline = std::make_unique<Pipeline>(read_network_folder(folder.path()), *engine, options);
  }
  Pipeline* operator->() const { return pipeline.get(); }
};

// Both ways to clip, several thresholds, and few classes.
std::vector<PredictOptions> many_options() {
  return {{},
          {.threshold = 0.3f},
          {.threshold = 0.3f, .clip_masks = false},
          {.threshold = 0.1f, .max_detections = 4},
          {.threshold = 0.2f, .class_ids = std::vector<int>{2, 0}},
          {.threshold = 1.0f}};  // nothing
}

void expect_equal(const GpuPipeline& on_gpu) {
  const FakePipeline on_cpu;
  std::size_t instances = 0;
  for (const TestImage& image : test_images()) {
    for (const PredictOptions& options : many_options()) {
      const Result expected = on_cpu->predict(image.view(), options);
      EXPECT_TRUE(same_result(on_gpu->predict(image.view(), options), expected));
      instances += expected.size();
    }
  }
  EXPECT_TRUE(instances > 100);
  EXPECT_EQ(on_gpu.gpu->misused, 0);
}

TEST(PipelineOnGpu, GivesTheResultsOfTheCpu) {
  const GpuPipeline on_gpu;
  expect_equal(on_gpu);
  EXPECT_TRUE(on_gpu.gpu->kernels > 100);
}

TEST(PipelineOnGpu, GivesThemWithoutKernelsToo) {
  const GpuPipeline on_gpu({.num_threads = 2}, /*with_kernels=*/false);
  expect_equal(on_gpu);
  EXPECT_EQ(on_gpu.gpu->kernels, 0);
}

TEST(PipelineOnGpu, BringsBackBoxesScoresAndTheWordsOfKeptMasks) {
  const GpuPipeline on_gpu({.num_threads = 1});
  const TestImage image = test_image(250, 310, 3);
  on_gpu->predict(image.view(), {.threshold = 0.3f});
  const std::size_t tables = 2 * 64 * (sizeof(int) + 4 * sizeof(float));
  const std::size_t up = on_gpu.gpu->bytes_up;
  EXPECT_TRUE(up >= image.pixels.size() + tables);
  const std::size_t down = on_gpu.gpu->bytes_down;
  const Result result = on_gpu->predict(image.view(), {.threshold = 0.3f});
  std::size_t words = 0;
  std::vector<Mask> seen;  // a query's mask comes once, though two of its classes are found
  for (const Mask& mask : result.masks) {
    if (std::find(seen.begin(), seen.end(), mask) != seen.end()) continue;
    seen.push_back(mask);
    words += mask.words_per_row() * static_cast<std::size_t>(mask.region().height);
  }
  EXPECT_TRUE(seen.size() > 2);
  EXPECT_EQ(on_gpu.gpu->bytes_down - down, 16u * (4 + 3) * sizeof(float) + 8 * words + 8);
  EXPECT_EQ(on_gpu.gpu->bytes_up - up, image.pixels.size() + seen.size() * sizeof(MaskTask) + 8);
  // Where nothing is found, nothing of masks moves.
  const std::size_t before = on_gpu.gpu->bytes_down;
  on_gpu->predict(image.view(), {.threshold = 1.0f});
  EXPECT_EQ(on_gpu.gpu->bytes_down - before, 16u * (4 + 3) * sizeof(float));
}

TEST(PipelineOnGpu, RefusesWhatIsNotFiniteAsTheCpuDoes) {
  const GpuPipeline on_gpu;
  const GpuPipeline on_cpu({.num_threads = 2}, /*with_kernels=*/false);
  const TestImage image = test_image(120, 90, 4);
  const auto text = [&](const GpuPipeline& fake, const PredictOptions& options) {
    try {
      fake->predict(image.view(), options);
    } catch (const EngineError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const bool in_prototypes : {false, true}) {
    for (const GpuPipeline* const fake : {&on_gpu, &on_cpu}) {
      fake->gpu->nan_in_coefficients = !in_prototypes;
      fake->gpu->infinity_in_prototypes = in_prototypes;
    }
    for (const bool clip_masks : {true, false}) {
      const PredictOptions options{.threshold = 0.3f, .clip_masks = clip_masks};
      const std::string said = text(on_gpu, options);
      EXPECT_TRUE(said.find(in_prototypes
                                ? "Tiny gave inf in its output 'mask_prototypes'"
                                : "nan in its output 'mask_coefficients'") != std::string::npos);
      EXPECT_EQ(said, text(on_cpu, options));
    }
    // Where nothing is kept, nobody looks at masks.
    EXPECT_EQ(on_gpu->predict(image.view(), {.threshold = 1.0f}).size(), 0u);
    EXPECT_EQ(on_cpu->predict(image.view(), {.threshold = 1.0f}).size(), 0u);
  }
  on_gpu.gpu->infinity_in_prototypes = false;
  const FakePipeline plain;
  EXPECT_TRUE(same_result(on_gpu->predict(image.view(), {}), plain->predict(image.view(), {})));
}

TEST(PipelineOnGpu, LeavesMasksThatAreTooHighForAKernelToTheCpu) {
  const GpuPipeline on_gpu;
  const FakePipeline on_cpu;
  const TestImage image = test_image(4 * kMostMaskRows, 1, 6, PixelFormat::kGray);
  const Result expected = on_cpu->predict(image.view(), {.threshold = 0.3f});
  EXPECT_TRUE(expected.size() > 0 && expected.masks[0].region().height > kMostMaskRows);
  EXPECT_TRUE(same_result(on_gpu->predict(image.view(), {.threshold = 0.3f}), expected));
}

TEST(PipelineOnGpu, TakesPicturesThatLieThere) {
  const GpuPipeline on_gpu;
  const FakePipeline on_cpu;
  const auto device = on_gpu.driver->open(1);
  for (const TestImage& image : test_images()) {
    const tensorrt::DeviceScope scope(*device);
    const auto memory = device->allocate(image.pixels.size());
    std::memcpy(memory->data(), image.pixels.data(), image.pixels.size());
    DeviceImage there{.device = 1, .view = image.view()};
    there.view.data = static_cast<const std::uint8_t*>(memory->data());
    const Result expected = on_cpu->predict(image.view(), {.threshold = 0.3f});
    EXPECT_TRUE(same_result(on_gpu->predict(there, {.threshold = 0.3f}), expected));
    there.device = 0;
    EXPECT_THROWS(InvalidArgument, "GPU 0, and the predictor computes on GPU 1",
                  on_gpu->predict(there, {}));
    there.device = 1;
    EXPECT_THROWS(InvalidArgument, "threshold is 2", on_gpu->predict(there, {.threshold = 2.0f}));
    there.view.data = nullptr;
    EXPECT_THROWS(InvalidArgument, "pointer is null", on_gpu->predict(there, {}));
  }
  EXPECT_EQ(on_gpu.gpu->misused, 0);
}

TEST(PipelineOnGpu, RefusesPicturesOfAGpuWhereNoneIsUsed) {
  const FakePipeline on_cpu;
  const TestImage image = test_image(20, 30, 1);
  EXPECT_THROWS(InvalidArgument,
                "lies in memory of GPU 3, and the engine fake 1.2 on the device \"cpu\" takes "
                "images of the CPU; give a host array: x.cpu().numpy()",
                on_cpu->predict(DeviceImage{.device = 3, .view = image.view()}, {}));
  EXPECT_THROWS(InvalidArgument, "max_image_pixels",
                FakePipeline({.max_image_pixels = 599})
                    ->predict(DeviceImage{.device = 3, .view = image.view()}, {}));
  const GpuPipeline without({.num_threads = 2}, /*with_kernels=*/false);
  EXPECT_THROWS(InvalidArgument, "in a build with CUDA kernels (docs/gpu.md)",
                without->predict(DeviceImage{.device = 1, .view = image.view()}, {}));
}

TEST(PipelineOnGpu, WorksAgainAfterFailures) {
  const GpuPipeline on_gpu;
  const FakePipeline on_cpu;
  const TestImage image = test_image(130, 90, 4);
  const Result expected = on_cpu->predict(image.view(), {.threshold = 0.3f});
  for (int i = 0; i < 3; ++i) {
    on_gpu.controls->fail_to_launch = true;
    EXPECT_THROWS(EngineError, "could not be started", on_gpu->predict(image.view(), {}));
    on_gpu.controls->fail_to_launch = false;
    on_gpu.gpu->fail_to_enqueue = i == 0;  // later a graph is launched
    if (i == 0) {
      EXPECT_THROWS(EngineError, "illegal memory access", on_gpu->predict(image.view(), {}));
    }
    on_gpu.gpu->fail_to_enqueue = false;
    EXPECT_TRUE(same_result(on_gpu->predict(image.view(), {.threshold = 0.3f}), expected));
  }
  EXPECT_EQ(on_gpu.gpu->misused, 0);
}

TEST(PipelineOnGpu, ServesThreadsAndBatches) {
  const GpuPipeline on_gpu({.num_threads = 4, .num_streams = 3});
  const FakePipeline on_cpu;
  const std::vector<TestImage> images = test_images(3);
  std::vector<ImageView> views;
  std::vector<Result> expected;
  for (const TestImage& image : images) {
    views.push_back(image.view());
    expected.push_back(on_cpu->predict(image.view(), {.threshold = 0.3f}));
  }
  on_gpu->warm_up();
  const std::vector<Result> batch = on_gpu->predict_batch(views, {.threshold = 0.3f});
  for (std::size_t i = 0; i < views.size(); ++i) EXPECT_TRUE(same_result(batch[i], expected[i]));
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 14; ++i) {
        const std::size_t which = (i + t) % views.size();
        const Result result = on_gpu->predict(views[which], {.threshold = 0.3f});
        if (!same_result(result, expected[which])) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
  EXPECT_EQ(on_gpu.gpu->misused, 0);
}

TEST(PipelineOnGpu, AllocatesNothingThereOnceItIsWarm) {
  const GpuPipeline on_gpu({.num_threads = 1});
  const std::vector<TestImage> images = test_images(2);
  const auto predict_all = [&] {
    for (const TestImage& image : images) {
      for (const bool clip_masks : {true, false}) {
        on_gpu->predict(image.view(), {.threshold = 0.3f, .clip_masks = clip_masks});
      }
    }
  };
  predict_all();
  const int allocations = on_gpu.gpu->allocations;
  for (int i = 0; i < 3; ++i) predict_all();
  EXPECT_EQ(on_gpu.gpu->allocations, allocations);
}

}  // namespace
}  // namespace instseg
