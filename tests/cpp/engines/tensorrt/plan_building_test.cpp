#include "engines/tensorrt/plan_building.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engines/compiled_cache.h"
#include "engines/tensorrt/fake_tensorrt.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;
using testing::fake_source;
using testing::FakeGpu;
using testing::image_network;
using testing::TemporaryFolder;

const std::vector<Shape> kShapes = {{1, 3, 8, 8}};
const char* const kHalfLayers =
    R"({"Layers": [{"Outputs": [{"Format/Datatype": "Half"}]}, {"Outputs": [{"Format/Datatype": "Float"}]}]})";

struct Bench {
  TemporaryFolder folder;
  TemporaryFolder cache;
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  PlanSource source;

  explicit Bench(std::int64_t side = 8) : source(fake_source(gpu, image_network(folder, side))) {
    source.cache_dir = cache.path();
  }
  LoadedPlan obtain(const std::vector<Shape>& shapes = kShapes) const {
    const DeviceScope scope(*source.device);
    return obtain_plan(source, shapes);
  }
  fs::path plan_file() const {
    return CompiledCache(cache.path(), plan_key(source, kShapes)).file();
  }
};

TEST(ObtainPlan, BuildsOnce) {
  Bench bench;
  EXPECT_TRUE(bench.obtain().plan != nullptr);
  EXPECT_EQ(bench.gpu->builds, 1);
  EXPECT_EQ(bench.gpu->request.inputs.at(0).name, "image");
  EXPECT_TRUE(bench.gpu->request.inputs.at(0).shape == kShapes[0]);
  EXPECT_TRUE(bench.obtain().plan != nullptr);
  EXPECT_EQ(bench.gpu->builds, 1);
  EXPECT_EQ(bench.gpu->misused, 0);
  EXPECT_EQ(bench.gpu->plans, 0);
}

TEST(ObtainPlan, BuildsEveryTimeWithoutAFolder) {
  Bench bench;
  bench.source.cache_dir.clear();
  bench.obtain();
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 2);
}

TEST(ObtainPlan, BuildsAgainWhatIsDamagedOrCutShort) {
  Bench bench;
  bench.obtain();
  const fs::path file = bench.plan_file();
  ASSERT_TRUE(fs::exists(file));
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1, std::ios::end);
    stream.put('7');  // still a plan that the fake would load
  }
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 2);
  fs::resize_file(file, fs::file_size(file) - 3);
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 3);
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_write);  // a stranger's, maybe
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 4);
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 4);
}

TEST(ObtainPlan, BuildsAgainWhatTensorRtRefuses) {
  Bench bench;
  CompiledCache(bench.cache.path(), plan_key(bench.source, kShapes))
      .write([](std::ostream& stream) { stream << "not a plan"; });
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 1);
  EXPECT_EQ(bench.gpu->loads, 3);  // twice out of the cache: before and behind the lock
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 1);
}

TEST(PlanKey, ChangesWithEverythingThatAPlanDependsOn) {
  Bench bench;
  PlanSource& source = bench.source;
  std::set<std::string> keys;
  const auto is_new = [&](const std::vector<Shape>& shapes = kShapes) {
    const std::string key = plan_key(source, shapes);
    EXPECT_TRUE(key.size() < 2000);
    return keys.insert(key).second;
  };
  EXPECT_TRUE(is_new());
  EXPECT_TRUE(!is_new());
  EXPECT_TRUE(is_new({{1, 3, 8, 16}}));
  EXPECT_TRUE(is_new({{2, 3, 8, 8}}));
  source.precision = Precision::kTf32;
  EXPECT_TRUE(is_new());
  source.precision = Precision::kFp16;
  EXPECT_TRUE(is_new());
  source.files.fp32_nodes = {"softmax"};
  EXPECT_TRUE(is_new());
  source.files.fp32_nodes = {"softmay"};
  EXPECT_TRUE(is_new());
  source.files.fp32_nodes = std::vector<std::string>(5000, "/a/rather/long/name");
  EXPECT_TRUE(is_new());
  bench.gpu->version = "10.16.1";
  EXPECT_TRUE(is_new());
  bench.gpu->gpu.name = "NVIDIA L4";
  EXPECT_TRUE(is_new());
  bench.gpu->gpu.capability_minor = 9;
  EXPECT_TRUE(is_new());
  bench.gpu->gpu.memory_bytes += 1;
  EXPECT_TRUE(is_new());
  source.network.sha256 = "abd";
  EXPECT_TRUE(is_new());
  bench.folder.write("network.onnx", "image, changed");
  EXPECT_TRUE(is_new());
  fs::last_write_time(source.files.onnx_file,
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(is_new());
}

TEST(ObtainPlan, HandsTimingsToTheNextBuild) {
  Bench bench(/*side=*/-1);
  bench.obtain();
  EXPECT_TRUE(bench.gpu->timing_cache.empty());
  bench.obtain({{1, 3, 8, 16}});
  const auto seen = [&] {
    const auto* const text = reinterpret_cast<const char*>(bench.gpu->timing_cache.data());
    return std::string(text, bench.gpu->timing_cache.size());
  };
  EXPECT_EQ(seen(), "timings after build 1");
  bench.obtain({{1, 3, 16, 16}});
  EXPECT_EQ(seen(), "timings after build 2");
  bench.gpu->version = "10.17.0";  // whose kernels are others
  bench.obtain({{1, 3, 16, 16}});
  EXPECT_TRUE(bench.gpu->timing_cache.empty());
}

TEST(ObtainPlan, SaysWhatItDoes) {
  Bench bench;
  std::vector<std::string> lines;
  bench.source.progress = [&](const std::string& line) { lines.push_back(line); };
  bench.obtain();
  ASSERT_TRUE(lines.size() >= 12);
  EXPECT_TRUE(lines[0].find("TensorRT 10.16.0: building ") == 0);
  EXPECT_TRUE(lines[0].find("network.onnx in fp32 for image [1,3,8,8] on Tesla T4; this takes "
                            "minutes, the first time") != std::string::npos);
  const auto tenths = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("Tactics: ") != std::string::npos;
  });
  EXPECT_EQ(tenths, 11);  // 0 % to 100 %, once each
  EXPECT_EQ(lines.back(), "TensorRT 10.16.0: layers: fp32 100 % of 1 layers");
  lines.clear();
  bench.obtain();
  EXPECT_TRUE(lines.empty());
}

TEST(ObtainPlan, EndsABuildWithWhatTheCallerThrows) {
  Bench bench;
  bench.source.progress = [](const std::string& line) {
    if (line.find("50 %") != std::string::npos) throw std::runtime_error("interrupted");
  };
  EXPECT_THROWS(std::runtime_error, "interrupted", bench.obtain());
  EXPECT_TRUE(!fs::exists(bench.plan_file()));
  bench.source.progress = nullptr;
  bench.obtain();
  EXPECT_EQ(bench.gpu->builds, 2);
}

TEST(ObtainPlan, PassesOnTensorRtsText) {
  Bench bench;
  bench.folder.write("network.onnx", "Foo");
  EXPECT_THROWS(EngineError,
                "network.onnx in fp32 for image [1,3,8,8]: no importer for the operator Foo",
                bench.obtain());
  bench.folder.write("network.onnx", "image");
  bench.gpu->fail_to_load = true;
  EXPECT_THROWS(EngineError, "cannot load what it built", bench.obtain());
  EXPECT_THROWS(EngineError, "the plan was made by another version", bench.obtain());
  EXPECT_TRUE(!fs::exists(bench.plan_file()));
}

TEST(ObtainPlan, RefusesFp16WithoutALayerInIt) {
  Bench bench;
  bench.source.precision = Precision::kFp16;
  EXPECT_THROWS(EngineError, "without a layer in it (fp32 100 % of 1 layers)", bench.obtain());
  EXPECT_TRUE(!fs::exists(bench.plan_file()));
  bench.gpu->layers = R"({"Layers": ["a name", "another"]})";
  EXPECT_THROWS(EngineError, "without a layer in it (unknown 100 % of 2 layers)", bench.obtain());
  bench.gpu->layers = kHalfLayers;
  EXPECT_TRUE(bench.obtain().layers == LayerTypes({{"fp16", 1}, {"fp32", 1}}));
}

TEST(ObtainPlan, RefusesAnotherNetwork) {
  Bench bench;
  const auto broken = [&](auto change) {
    PlanSource source = bench.source;
    change(source.network);
    const DeviceScope scope(*source.device);
    obtain_plan(source, kShapes);
  };
  EXPECT_THROWS(ModelError, "it has no output 'boxes'",
                broken([](NetworkSpec& network) { network.outputs[0].name = "boxes"; }));
  EXPECT_THROWS(ModelError, "it has no input 'doubled'",
                broken([](NetworkSpec& network) { network.inputs[0].name = "doubled"; }));
  EXPECT_THROWS(ModelError, "'sums' has the shape [1,3], expected [?,4]",
                broken([](NetworkSpec& network) { network.outputs[1].shape = {-1, 4}; }));
  EXPECT_THROWS(ModelError, "'sums' has the shape [1,3], expected [?,3,1]",
                broken([](NetworkSpec& network) { network.outputs[1].shape = {-1, 3, 1}; }));
  EXPECT_THROWS(ModelError, "'sums' is not float32 in both",
                broken([](NetworkSpec& network) { network.outputs[1].dtype = "int64"; }));
}

TEST(ObtainPlan, IsBuiltOnceByManyAtOnce) {
  Bench bench;
  bench.gpu->build_ms = 30;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { bench.obtain(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bench.gpu->builds, 1);
  EXPECT_EQ(bench.gpu->misused, 0);
}

}  // namespace
}  // namespace instseg::tensorrt
