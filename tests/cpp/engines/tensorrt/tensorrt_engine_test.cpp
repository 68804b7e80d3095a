#include "engines/tensorrt/tensorrt_engine.h"

#include <algorithm>
#include <vector>

#include "engines/registry.h"
#include "engines/tensorrt/fake_kernels.h"
#include "engines/tensorrt/fake_tensorrt.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::FakeGpu;
using testing::FakeKernelControls;
using testing::image_network;
using testing::make_fake_adapter;
using testing::make_fake_driver;
using testing::make_fake_kernels;
using testing::rows_network;
using testing::TemporaryFolder;

struct Bench {
  TemporaryFolder folder;
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  std::unique_ptr<Engine> engine = make_engine({make_fake_adapter(gpu), make_fake_driver(gpu)});
};

EngineOptions options(const std::string& precision, const std::string& device = "gpu") {
  return {.device = device, .precision = precision};
}

TEST(TensorRtEngine, DescribesItself) {
  Bench bench;
  const EngineInfo info = bench.engine->info();
  EXPECT_EQ(info.name, "tensorrt");
  EXPECT_TRUE(info.available && info.remedy.empty());
  EXPECT_EQ(info.version, "10.16.0");
  EXPECT_TRUE(info.devices == std::vector<std::string>({"gpu", "gpu:0", "gpu:1"}));
  EXPECT_TRUE(info.precisions == std::vector<std::string>({"fp32", "tf32", "fp16"}));
}

TEST(TensorRtEngine, BuildsWhileLoadingWhereShapesAreKnown) {
  Bench bench;
  const auto network = bench.engine->load(image_network(bench.folder, 8), options("fp32"));
  EXPECT_EQ(bench.gpu->builds, 1);
  EXPECT_TRUE(bench.gpu->request.inputs.at(0).shape == Shape({1, 3, 8, 8}));
  EXPECT_TRUE(bench.gpu->request.precision == Precision::kFp32);
  EXPECT_TRUE(network->layer_types() == LayerTypes({{"fp32", 1}}));
  const auto session = network->make_session();
  const std::int64_t shape[] = {1, 3, 8, 8};
  std::fill_n(session->input(0, shape).data(), 3 * 8 * 8, 1.5f);
  session->run();
  EXPECT_EQ(session->output(0).data[17], 3.0f);
  EXPECT_EQ(bench.gpu->builds, 1);
}

TEST(TensorRtEngine, BuildsWhenAShapeComesWhereTheyAreOpen) {
  Bench bench;
  const auto images = bench.engine->load(image_network(bench.folder, -1), options("fp32"));
  const auto rows = bench.engine->load(rows_network(bench.folder), options("fp32"));
  EXPECT_EQ(bench.gpu->builds, 0);
  EXPECT_TRUE(images->layer_types().empty());
  const auto session = rows->make_session();
  const std::int64_t shape[] = {3, 4};
  std::fill_n(session->input(0, shape).data(), 12, 1.0f);
  session->run();
  EXPECT_EQ(session->output(0).data[2], 4.0f);
  EXPECT_EQ(bench.gpu->builds, 1);
}

TEST(TensorRtEngine, SessionsOutliveTheNetworkAndTheEngine) {
  Bench bench;
  auto network = bench.engine->load(image_network(bench.folder, 8), options("fp32"));
  const auto session = network->make_session();
  network.reset();
  bench.engine.reset();
  const std::int64_t shape[] = {1, 3, 8, 8};
  std::fill_n(session->input(0, shape).data(), 3 * 8 * 8, 0.5f);
  session->run();
  EXPECT_EQ(session->output(1).data[2], 32.0f);
}

TEST(TensorRtEngine, TakesFp16FromTheFilesThatThisVersionReads) {
  Bench bench;
  bench.gpu->layers = R"({"Layers": [{"Outputs": [{"Format/Datatype": "Half"}]}]})";
  const NetworkSpec network = image_network(bench.folder, 8);
  EXPECT_THROWS(ModelError, "network.fp16.onnx", bench.engine->load(network, options("fp16")));
  EXPECT_EQ(bench.gpu->builds, 0);
  bench.folder.write("network.fp16.onnx", "image");
  EXPECT_TRUE(bench.engine->load(network, options("fp16"))->layer_types() ==
              LayerTypes({{"fp16", 1}}));
  EXPECT_EQ(bench.gpu->request.onnx_file, (bench.folder.path() / "network.fp16.onnx").string());
  EXPECT_TRUE(bench.gpu->request.precision == Precision::kFp16);

  bench.gpu->types_come_from_the_file = false;
  bench.gpu->version = "8.6.1";
  EXPECT_THROWS(ModelError, "network.fp16.fp32-nodes.txt",
                bench.engine->load(network, options("fp16")));
  bench.folder.write("network.fp16.fp32-nodes.txt", "softmax\n");
  bench.engine->load(network, options("fp16"));
  EXPECT_EQ(bench.gpu->request.onnx_file, network.file.string());
  EXPECT_TRUE(bench.gpu->request.fp32_nodes == std::vector<std::string>({"softmax"}));
}

TEST(TensorRtEngine, RefusesFp16ThatIsNone) {
  Bench bench;
  bench.folder.write("network.fp16.onnx", "image");
  EXPECT_THROWS(EngineError, "was asked for fp16",
                bench.engine->load(image_network(bench.folder, 8), options("fp16")));
}

TEST(TensorRtEngine, RefusesTf32WhereTheGpuHasNone) {
  Bench bench;
  const NetworkSpec network = image_network(bench.folder, 8);
  EXPECT_THROWS(InvalidArgument, "\"tf32\" is not available: Tesla T4 has compute capability 7.5",
                bench.engine->load(network, options("tf32")));
  bench.gpu->gpu.capability_major = 8;
  bench.engine->load(network, options("tf32"));
  EXPECT_TRUE(bench.gpu->request.precision == Precision::kTf32);
}

TEST(TensorRtEngine, PreparesImagesOnTheGpuWhereTheKernelsRunThere) {
  const auto gpu = std::make_shared<FakeGpu>();
  const auto controls = std::make_shared<FakeKernelControls>();
  const auto engine = make_engine({.adapter = make_fake_adapter(gpu),
                                   .driver = make_fake_driver(gpu),
                                   .kernels = make_fake_kernels(gpu, controls)});
  const TemporaryFolder folder;
  const NetworkSpec network = image_network(folder, 8);
  std::string said;
  EngineOptions with_progress = options("fp32");
  with_progress.progress = [&](const std::string& line) { said += line; };
  const auto loaded = engine->load(network, with_progress);
  EXPECT_TRUE(loaded->make_session()->on_device() != nullptr);
  EXPECT_TRUE(said.find("kernels") == std::string::npos);
  controls->problem = "no kernel image is available for execution on the device";
  const auto without = engine->load(network, with_progress);
  EXPECT_TRUE(without->make_session()->on_device() == nullptr);
  EXPECT_TRUE(said.find("do not run on Tesla T4 (no kernel image is available for execution on the "
                        "device); images are prepared and masks drawn on the CPU") !=
              std::string::npos);
  engine->load(network, options("fp32"));  // without anyone to tell
  EXPECT_EQ(gpu->misused, 0);

  Bench bench;  // a build without kernels
  EXPECT_TRUE(bench.engine->load(network, options("fp32"))->make_session()->on_device() == nullptr);
}

TEST(TensorRtEngine, CountsTheGpus) {
  Bench bench;
  const NetworkSpec network = image_network(bench.folder, 8);
  bench.engine->load(network, options("fp32", "gpu:1"));
  for (const char* device : {"gpu:2", "gpu:", "gpu:-1", "gpu:1x", "cpu", "gpu1", ""}) {
    EXPECT_THROWS(InvalidArgument, "there are 2 GPUs: give \"gpu\" or \"gpu:0\" to \"gpu:1\"",
                  bench.engine->load(network, options("fp32", device)));
  }
}

TEST(TensorRtEngine, SaysWhatIsMissing) {
  const auto engine = make_engine({.problem = "there is no adapter"});
  const EngineInfo info = engine->info();
  EXPECT_TRUE(!info.available && info.devices.empty() && info.version.empty());
  EXPECT_EQ(info.remedy, "there is no adapter");
  EXPECT_THROWS(EngineError, "The engine \"tensorrt\" is not available: there is no adapter",
                engine->load({}, {}));
}

TEST(MakeTensorRtEngine, IsListedInEveryBuild) {
  const std::vector<EngineInfo> all = engines();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [](const EngineInfo& each) { return each.name == "tensorrt"; });
  ASSERT_TRUE(found != all.end());
  if (found->available) SKIP("TensorRT is available here");
  // A test program has no adapter beside it.
  EXPECT_TRUE(found->remedy.find("built without an adapter for TensorRT") != std::string::npos);
  EXPECT_TRUE(found->remedy.find("TENSORRT_ROOT=<unpacked TensorRT> pip install .") !=
              std::string::npos);
}

}  // namespace
}  // namespace instseg::tensorrt
