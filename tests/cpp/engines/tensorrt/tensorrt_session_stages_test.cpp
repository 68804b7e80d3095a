// Sessions with CUDA kernels: images prepared and masks drawn on the (fake) GPU.
#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "engines/tensorrt/fake_kernels.h"
#include "engines/tensorrt/fake_tensorrt.h"
#include "engines/tensorrt/tensorrt_session.h"
#include "instseg/errors.h"
#include "postprocess/mask_render.h"
#include "runtime/fake_mask_rtdetr.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::fake_source;
using testing::FakeGpu;
using testing::FakeKernelControls;
using testing::FakeMaskRtdetr;
using testing::image_network;
using testing::mask_rtdetr_network;
using testing::Random;
using testing::TemporaryFolder;

constexpr std::size_t kCoefficients = 2;  // outputs
constexpr std::size_t kPrototypes = 3;

std::vector<std::uint8_t> random_bytes(unsigned seed, std::size_t size) {
  Random random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.integer(0, 255));
  return bytes;
}

struct Bench {
  TemporaryFolder folder;
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>();
  PreprocessSpec spec{.height = FakeMaskRtdetr::kSide, .width = FakeMaskRtdetr::kSide};

  std::shared_ptr<PlanStore> store(NetworkSpec network, bool with_kernels = true) const {
    PlanSource source = fake_source(gpu, std::move(network));
    if (with_kernels) source.kernels = make_fake_kernels(gpu, controls);
    return std::make_shared<PlanStore>(std::move(source), 2);
  }
  std::shared_ptr<PlanStore> detector() const { return store(mask_rtdetr_network(folder)); }
};

ImageView view(const std::vector<std::uint8_t>& bytes, int height, int width) {
  return {.data = bytes.data(), .height = height, .width = width};
}

// The network's outputs for an image that the CPU prepares.
struct Expected {
  std::vector<float> image = std::vector<float>(3 * 64 * 64);
  std::vector<float> boxes = std::vector<float>(16 * 4);
  std::vector<float> logits = std::vector<float>(16 * 3);
  std::vector<float> coefficients = std::vector<float>(16 * 3);
  std::vector<float> prototypes = std::vector<float>(3 * 16 * 16);

  Expected(const ImageView& picture, const PreprocessSpec& spec) {
    const ThreadPool pool(1);
    PreprocessWorkspace workspace;
    preprocess(picture, spec, image.data(), workspace, pool);
    FakeMaskRtdetr{.boxes = boxes.data(),
                   .logits = logits.data(),
                   .coefficients = coefficients.data(),
                   .prototypes = prototypes.data()}
        .compute(image.data());
  }
};

bool same(const TensorView& view, const std::vector<float>& expected) {
  return view.data != nullptr && std::ranges::equal(view.values(), expected);
}

TEST(TensorRtSessionStages, AreThereWithKernelsAlone) {
  Bench bench;
  TensorRtSession without(bench.store(mask_rtdetr_network(bench.folder), false));
  EXPECT_TRUE(without.on_device() == nullptr);
  TensorRtSession with(bench.detector());
  EXPECT_TRUE(with.on_device() == &with);
}

TEST(TensorRtSessionStages, PrepareTheImage) {
  Bench bench;
  {
    TensorRtSession session(bench.detector());
    for (unsigned i = 0; i < 6; ++i) {  // the third run is a graph's
      const int height = i % 2 == 0 ? 40 : 90;
      const auto bytes = random_bytes(i, static_cast<std::size_t>(height * 70 * 3));
      const Expected expected(view(bytes, height, 70), bench.spec);
      session.put_image(0, view(bytes, height, 70), bench.spec);
      session.run();
      EXPECT_TRUE(same(session.output(0), expected.boxes));
      EXPECT_TRUE(same(session.output(1), expected.logits));
      EXPECT_TRUE(same(session.output(kPrototypes), expected.prototypes));
      // Another that comes as floats, in between.
      const auto other_bytes = random_bytes(50 + i, 50 * 50 * 3);
      const Expected other(view(other_bytes, 50, 50), bench.spec);
      const std::int64_t shape[] = {1, 3, 64, 64};
      std::ranges::copy(other.image, session.input(0, shape).begin());
      session.run();
      EXPECT_TRUE(same(session.output(1), other.logits));
    }
    EXPECT_TRUE(bench.gpu->launches > 5);
  }
  EXPECT_EQ(bench.gpu->misused, 0);
  EXPECT_EQ(bench.gpu->device_bytes + bench.gpu->pinned_bytes, 0u);
}

TEST(TensorRtSessionStages, PrepareImagesOfManySizesForNetworksOfOpenShapes) {
  Bench bench;
  bench.spec.keep_ratio = true;
  bench.spec.pad_stride = 32;
  TensorRtSession session(bench.store(image_network(bench.folder, -1)));
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  for (int i = 0; i < 12; ++i) {
    const int height = 20 + 17 * (i % 5);
    const auto bytes =
        random_bytes(static_cast<unsigned>(i), static_cast<std::size_t>(height) * 50 * 3);
    const ImageView image = view(bytes, height, 50);
    const NetworkSize size = network_size(bench.spec, height, 50);
    std::vector<float> expected(3 *
                                static_cast<std::size_t>(size.padded_height * size.padded_width));
    preprocess(image, bench.spec, expected.data(), workspace, pool);
    for (float& value : expected) value *= 2;
    session.put_image(0, image, bench.spec);
    session.run();
    EXPECT_TRUE(same(session.output(0), expected));
    EXPECT_EQ(session.output(0).shape[2], std::int64_t{size.padded_height});
  }
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSessionStages, KeepOutputsOnTheGpuUntilTheyAreFetched) {
  Bench bench;
  TensorRtSession session(bench.detector());
  session.keep_output(kCoefficients);
  session.keep_output(kPrototypes);
  for (unsigned i = 0; i < 4; ++i) {
    const auto bytes = random_bytes(i, 30 * 30 * 3);
    const Expected expected(view(bytes, 30, 30), bench.spec);
    session.put_image(0, view(bytes, 30, 30), bench.spec);
    const std::size_t down = bench.gpu->bytes_down;
    session.run();
    EXPECT_EQ(bench.gpu->bytes_down - down, (16 * 4 + 16 * 3) * sizeof(float));
    EXPECT_TRUE(same(session.output(0), expected.boxes));
    EXPECT_TRUE(session.output(kPrototypes).data == nullptr);
    EXPECT_EQ(session.output(kPrototypes).shape[3], std::int64_t{16});
    if (i == 0) continue;
    EXPECT_TRUE(same(session.fetch_output(kPrototypes), expected.prototypes));
    EXPECT_TRUE(same(session.output(kPrototypes), expected.prototypes));
    EXPECT_TRUE(session.output(kCoefficients).data == nullptr);
    EXPECT_TRUE(same(session.fetch_output(kCoefficients), expected.coefficients));
    const std::size_t fetched = bench.gpu->bytes_down;
    EXPECT_TRUE(same(session.fetch_output(1), expected.logits));  // is there already
    EXPECT_EQ(bench.gpu->bytes_down, fetched);
  }
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSessionStages, DrawMasksFromKeptOutputs) {
  Bench bench;
  TensorRtSession session(bench.detector());
  session.keep_output(kCoefficients);
  session.keep_output(kPrototypes);
  const std::vector<PlannedMask> planned = {{{3, 4, 70, 20}, 5}, {{0, 0, 100, 90}, 15}};
  const MasksToDraw to_draw = {.prototypes = kPrototypes,
                               .coefficients = kCoefficients,
                               .image_height = 90,
                               .image_width = 100,
                               .masks = planned,
                               .logit_threshold = 0.01f};
  int allocations = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const auto bytes = random_bytes(i, 90 * 100 * 3);
    const Expected expected(view(bytes, 90, 100), bench.spec);
    bench.gpu->nan_in_coefficients = i == 3;
    bench.gpu->infinity_in_prototypes = i == 5;
    session.put_image(0, view(bytes, 90, 100), bench.spec);
    session.run();
    std::vector<Mask> masks(2);
    EXPECT_EQ(session.draw_masks(to_draw, masks), i != 3 && i != 5);
    if (i == 1) allocations = bench.gpu->allocations;
    if (i == 3 || i == 5) continue;
    MaskRenderWorkspace workspace;
    for (std::size_t m = 0; m < 2; ++m) {
      EXPECT_TRUE(masks[m] ==
                  render_mask({expected.prototypes.data(), 3, 16, 16},
                              expected.coefficients.data() + 3 * planned[m].coefficient_row, 90,
                              100, planned[m].region, 0.01f, workspace));
    }
  }
  EXPECT_EQ(bench.gpu->allocations, allocations);  // none once it is warm
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSessionStages, TakePicturesOfTheirOwnGpuAlone) {
  Bench bench;
  const auto store = bench.detector();
  TensorRtSession session(store);
  const auto bytes = random_bytes(1, 40 * 50 * 3);
  const Device& device = *store->source().device;
  const DeviceScope scope(device);
  const auto memory = device.allocate(bytes.size());
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  DeviceImage image{.view = view(bytes, 40, 50)};
  image.view.data = static_cast<const std::uint8_t*>(memory->data());
  session.put_image(0, image, bench.spec);
  session.run();
  EXPECT_TRUE(same(session.output(1), Expected(view(bytes, 40, 50), bench.spec).logits));
  EXPECT_EQ(bench.gpu->waits, 1);
  image.device = 1;
  EXPECT_THROWS(InvalidArgument,
                "lies in memory of GPU 1, and the predictor computes on GPU 0; copy it there, or "
                "load the predictor with device \"gpu:1\"",
                session.put_image(0, image, bench.spec));
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSessionStages, WorkAgainAfterFailures) {
  Bench bench;
  TensorRtSession session(bench.detector());
  session.keep_output(kPrototypes);
  const auto bytes = random_bytes(1, 40 * 50 * 3);
  const auto other_bytes = random_bytes(2, 300 * 200 * 3);
  const Expected expected(view(bytes, 40, 50), bench.spec);
  const std::vector<PlannedMask> planned = {{{0, 0, 50, 40}, 2}};
  const MasksToDraw to_draw = {.prototypes = kPrototypes,
                               .coefficients = kCoefficients,
                               .image_height = 40,
                               .image_width = 50,
                               .masks = planned};
  std::vector<Mask> masks(1);
  const auto predict = [&](const ImageView& image) {
    session.put_image(0, image, bench.spec);
    session.run();
    return session.draw_masks(to_draw, masks);
  };
  EXPECT_TRUE(predict(view(bytes, 40, 50)));
  const std::vector<Mask> wanted = masks;

  const auto recovers = [&](auto& failing, const char* text) {
    failing = true;
    // Other sizes: other tables, more memory.
    EXPECT_THROWS(EngineError, text, predict(view(other_bytes, 300, 200)));
    EXPECT_EQ(bench.gpu->queued, 0);  // memory may be given back, the caller's too
    failing = false;
    masks.assign(1, Mask());
    EXPECT_TRUE(predict(view(bytes, 40, 50)));
    EXPECT_TRUE(masks == wanted && same(session.output(1), expected.logits));
  };
  recovers(bench.controls->fail_to_launch, "could not be started");
  TensorRtSession fresh(bench.detector());
  bench.gpu->fail_to_enqueue = true;
  fresh.put_image(0, view(bytes, 40, 50), bench.spec);
  EXPECT_THROWS(EngineError, "illegal memory access", fresh.run());
  EXPECT_EQ(bench.gpu->queued, 0);
  bench.gpu->fail_to_enqueue = false;
  fresh.put_image(0, view(bytes, 40, 50), bench.spec);
  fresh.run();
  EXPECT_TRUE(same(fresh.output(1), expected.logits));

  session.put_image(0, view(bytes, 40, 50), bench.spec);
  session.run();
  bench.controls->fail_to_launch = true;
  EXPECT_THROWS(EngineError, "could not be started", session.draw_masks(to_draw, masks));
  EXPECT_EQ(bench.gpu->queued, 0);
  bench.controls->fail_to_launch = false;
  EXPECT_TRUE(session.draw_masks(to_draw, masks));
  EXPECT_TRUE(masks == wanted);
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSessionStages, OfThreadsDoNotMeet) {
  Bench bench;
  const auto store = bench.detector();
  std::vector<std::thread> threads;
  std::vector<int> wrong(6, 0);
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      TensorRtSession session(store);
      for (unsigned i = 0; i < 10; ++i) {
        const int height = 20 + static_cast<int>((i + t) % 3);
        const auto bytes = random_bytes(100 * t + i, static_cast<std::size_t>(height) * 30 * 3);
        session.put_image(0, view(bytes, height, 30), bench.spec);
        session.run();
        const Expected expected(view(bytes, height, 30), bench.spec);
        if (!same(session.output(1), expected.logits)) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
  EXPECT_EQ(bench.gpu->misused, 0);
}

}  // namespace
}  // namespace instseg::tensorrt
