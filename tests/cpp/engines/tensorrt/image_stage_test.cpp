// Images on their way into a network, against preprocess(), bit by bit: with the fakes, and on a
// GPU where there is one.
#include "engines/tensorrt/image_stage.h"

#include <cstring>
#include <vector>

#include "engines/tensorrt/stage_machine.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::fake_machine;
using testing::FakeGpu;
using testing::FakeKernelControls;
using testing::gpu_machine;
using testing::Random;
using testing::StageMachine;

struct Picture {
  std::vector<std::uint8_t> bytes;
  ImageView view;
};

// gap: bytes between rows; upwards: the first row lies last in memory.
Picture picture(Random& random, int height, int width, PixelFormat format, int gap = 0,
                bool upwards = false) {
  const std::ptrdiff_t stride = std::ptrdiff_t{width} * num_channels(format) + gap;
  Picture made;
  made.bytes.resize(static_cast<std::size_t>(stride * height));
  for (std::uint8_t& byte : made.bytes) byte = static_cast<std::uint8_t>(random.integer(0, 255));
  made.view = {.data = made.bytes.data() + (upwards ? stride * (height - 1) : 0),
               .height = height,
               .width = width,
               .format = format,
               .row_stride_bytes = upwards ? -stride : stride};
  return made;
}

PreprocessSpec small(Interpolation interpolation) {
  return {.height = 24, .width = 40, .interpolation = interpolation};
}

PreprocessSpec padded() {
  PreprocessSpec spec = small(Interpolation::kBilinear);
  spec.keep_ratio = true;
  spec.mean = {0.485, 0.456, 0.406};
  spec.std = {0.229, 0.224, 0.225};
  spec.normalize_before_resize = true;
  spec.pad_stride = 32;
  return spec;
}

std::vector<float> expected(const ImageView& image, const PreprocessSpec& spec) {
  static const ThreadPool pool(1);
  static PreprocessWorkspace workspace;
  const NetworkSize size = network_size(spec, image.height, image.width);
  std::vector<float> out(3 * static_cast<std::size_t>(size.padded_height * size.padded_width));
  preprocess(image, spec, out.data(), workspace, pool);
  return out;
}

// The network's input of an image that was put, as it comes off the GPU.
std::vector<float> staged(ImageStage& stage, const NetworkSize& size, const StageMachine& machine) {
  const std::size_t count = 3 * static_cast<std::size_t>(size.padded_height * size.padded_width);
  const auto input = machine.device->allocate(count * sizeof(float));
  const auto pinned = machine.device->allocate_pinned(count * sizeof(float));
  const auto stream = machine.device->make_stream();
  stage.queue(static_cast<float*>(input->data()), *stream);
  stream->copy_to_host(pinned->data(), input->data(), count * sizeof(float));
  stream->synchronize();
  stage.done();
  const auto* const values = static_cast<const float*>(pinned->data());
  return {values, values + count};
}

// `image` in memory of the GPU, as it lies in `bytes`.
DeviceImage on_device(const Picture& given, const StageMachine& machine, std::size_t offset,
                      std::unique_ptr<Memory>& memory) {
  const std::size_t size = given.bytes.size();
  memory = machine.device->allocate(offset + size);
  const auto pinned = machine.device->allocate_pinned(size);
  const auto stream = machine.device->make_stream();
  std::memcpy(pinned->data(), given.bytes.data(), size);
  stream->copy_to_device(static_cast<std::byte*>(memory->data()) + offset, pinned->data(), size);
  stream->synchronize();
  DeviceImage image{.device = machine.device->index(), .view = given.view};
  image.view.data = static_cast<const std::uint8_t*>(memory->data()) + offset +
                    (given.view.data - given.bytes.data());
  return image;
}

void every_kind(const StageMachine& machine) {
  const DeviceScope scope(*machine.device);
  Random random(31);
  ImageStage stage(*machine.device, *machine.kernels);  // reused, as a session does
  const PreprocessSpec specs[] = {small(Interpolation::kBicubic), small(Interpolation::kBilinear),
                                  small(Interpolation::kNearest), padded()};
  for (const PixelFormat format : {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray,
                                   PixelFormat::kBgra, PixelFormat::kRgba}) {
    for (const PreprocessSpec& spec : specs) {
      const Picture given = picture(random, random.integer(1, 90), random.integer(1, 90), format,
                                    random.integer(0, 7), random.integer(0, 1) == 1);
      const std::vector<float> wanted = expected(given.view, spec);
      EXPECT_TRUE(staged(stage, stage.put(given.view, spec), machine) == wanted);
      std::unique_ptr<Memory> memory;
      const DeviceImage image = on_device(given, machine, 5, memory);
      EXPECT_TRUE(staged(stage, stage.put(image, spec), machine) == wanted);
    }
  }
}

TEST(ImageStage, EqualsPreprocess) {
  const auto gpu = std::make_shared<FakeGpu>();
  every_kind(fake_machine(gpu));
  EXPECT_EQ(gpu->misused, 0);
  EXPECT_EQ(gpu->device_bytes + gpu->pinned_bytes, 0u);
}

TEST(ImageStageOnGpu, EqualsPreprocess) { every_kind(gpu_machine()); }

struct Bench {
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>();
  StageMachine machine = fake_machine(gpu, controls);
  DeviceScope scope{*machine.device};
  ImageStage stage{*machine.device, *machine.kernels};
  Random random{32};
  PreprocessSpec spec = small(Interpolation::kBicubic);

  // Bytes that go up for this image, whose result must be right.
  std::size_t bytes_up(const Picture& given) {
    const std::size_t before = gpu->bytes_up;
    const std::vector<float> values = staged(stage, stage.put(given.view, spec), machine);
    EXPECT_TRUE(values == expected(given.view, spec));
    return gpu->bytes_up - before;
  }
};

TEST(ImageStage, CopiesTablesOnlyWhenTheyChange) {
  Bench bench;
  const Picture first = picture(bench.random, 30, 50, PixelFormat::kBgr, 4);
  const Picture second = picture(bench.random, 30, 50, PixelFormat::kRgb);
  const Picture other = picture(bench.random, 31, 50, PixelFormat::kBgr);
  EXPECT_TRUE(bench.bytes_up(first) > 30u * 50 * 3);
  const int allocations = bench.gpu->allocations;
  EXPECT_EQ(bench.bytes_up(second), 30u * 50 * 3);     // gaps are left out
  EXPECT_EQ(bench.gpu->allocations, allocations + 2);  // those of staged()
  EXPECT_TRUE(bench.bytes_up(other) > 31u * 50 * 3);
  EXPECT_EQ(bench.bytes_up(other), 31u * 50 * 3);
}

TEST(ImageStage, CopiesTablesAgainWhereTheyDidNotArrive) {
  Bench bench;
  const Picture given = picture(bench.random, 30, 50, PixelFormat::kBgr);
  const std::size_t with_tables = bench.bytes_up(given);
  const Picture other = picture(bench.random, 20, 50, PixelFormat::kBgr);
  bench.controls->fail_to_launch = true;
  const NetworkSize size = bench.stage.put(other.view, bench.spec);
  EXPECT_THROWS(EngineError, "could not be started", staged(bench.stage, size, bench.machine));
  bench.controls->fail_to_launch = false;
  EXPECT_TRUE(bench.bytes_up(other) > 20u * 50 * 3);
  EXPECT_EQ(bench.bytes_up(other), 20u * 50 * 3);
  EXPECT_EQ(bench.bytes_up(given), with_tables);
}

TEST(ImageStage, CopiesThePixelsAtOnce) {
  Bench bench;
  Picture given = picture(bench.random, 12, 17, PixelFormat::kBgr);
  const std::vector<float> wanted = expected(given.view, bench.spec);
  const NetworkSize size = bench.stage.put(given.view, bench.spec);
  std::fill(given.bytes.begin(), given.bytes.end(), std::uint8_t{0});
  EXPECT_TRUE(staged(bench.stage, size, bench.machine) == wanted);
}

TEST(ImageStage, WaitsForThoseThatFillAPictureOnTheGpu) {
  Bench bench;
  std::unique_ptr<Memory> memory;
  const Picture given = picture(bench.random, 12, 17, PixelFormat::kGray);
  DeviceImage image = on_device(given, bench.machine, 0, memory);
  bench.bytes_up(given);  // the tables are there
  EXPECT_EQ(bench.gpu->waits, 0);
  const std::size_t before = bench.gpu->bytes_up;
  int stream = 0;
  image.stream = &stream;
  staged(bench.stage, bench.stage.put(image, bench.spec), bench.machine);
  EXPECT_EQ(bench.gpu->waits, 1);
  EXPECT_TRUE(bench.gpu->waited_for == &stream);
  image.stream = nullptr;
  staged(bench.stage, bench.stage.put(image, bench.spec), bench.machine);
  EXPECT_TRUE(bench.gpu->waited_for == nullptr);
  EXPECT_EQ(bench.gpu->waits, 2);
  EXPECT_EQ(bench.gpu->bytes_up, before);  // nothing else goes up
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(ImageStage, RefusesWhatIsNoPicture) {
  Bench bench;
  EXPECT_THROWS(InvalidArgument, "data pointer is null",
                bench.stage.put(ImageView{.height = 3, .width = 3}, bench.spec));
  EXPECT_THROWS(InvalidArgument, "data pointer is null",
                bench.stage.put(DeviceImage{.view = {.height = 3, .width = 3}}, bench.spec));
  const Picture given = picture(bench.random, 12, 17, PixelFormat::kBgr);
  EXPECT_TRUE(bench.bytes_up(given) > 0);
}

}  // namespace
}  // namespace instseg::tensorrt
