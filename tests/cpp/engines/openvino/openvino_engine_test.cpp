#include "engines/openvino/openvino_engine.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "instseg/errors.h"
#include "testing.h"
#include "tiny_network.h"

namespace instseg {
namespace {

using testing::Random;
using testing::TemporaryFolder;
using testing::tiny_onnx;
using testing::TinyNetwork;

// Runs an image of random pixels; the number of values that are wrong.
int wrong_values(Session& session, int batch, int height, int width, unsigned seed,
                 float first_weight = 2) {
  const std::int64_t shape[] = {batch, 3, height, width};
  Random random(seed);
  std::vector<float> image;
  for (float& value : session.input(0, shape)) {
    value = random.real(0, 1);
    image.push_back(value);
  }
  session.run();
  const TensorView root = session.output(0);
  const TensorView scaled = session.output(1);
  if (root.size() != image.size() || scaled.size() != image.size() || scaled.shape.size() != 4 ||
      scaled.shape[3] != width) {
    return -1;
  }
  int wrong = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    const bool first = i / static_cast<std::size_t>(height * width) % 3 == 0;
    const float expected = image[i] * (first ? first_weight : 2) + 1;
    // The engine may fuse product and sum: within a rounding or two.
    if (std::abs(scaled.data[i] - expected) > 1e-6f * expected) ++wrong;
    if (std::abs(root.data[i] - std::sqrt(expected)) > 1e-6f * expected) ++wrong;
  }
  return wrong;
}

std::unique_ptr<Network> load(const NetworkSpec& spec, const EngineOptions& options = {}) {
  return make_openvino_engine()->load(spec, options);
}

TEST(OpenVino, ComputesInTheOrderOfTheSpec) {
  const TinyNetwork tiny;
  const auto engine = make_openvino_engine();
  const auto network = engine->load(tiny.spec, {.num_threads = 2});
  const auto session = network->make_session();
  EXPECT_EQ(wrong_values(*session, 1, 4, 5, 1), 0);
  // The shape may change from call to call.
  EXPECT_EQ(wrong_values(*session, 1, 40, 3, 2), 0);
  EXPECT_EQ(wrong_values(*session, 1, 4, 5, 3), 0);
  EXPECT_EQ(wrong_values(*session, 1, 1, 1, 4), 0);
}

TEST(OpenVino, DescribesItself) {
  const EngineInfo info = make_openvino_engine()->info();
  EXPECT_EQ(info.name, "openvino");
  EXPECT_TRUE(info.available);
  EXPECT_TRUE(info.version.find('.') != std::string::npos &&
              info.version.find('-') == std::string::npos);
  EXPECT_TRUE((info.devices == std::vector<std::string>{"cpu"}));
  EXPECT_TRUE(!info.precisions.empty() && info.precisions[0] == "fp32");
}

TEST(OpenVino, RunsSessionsOnManyThreads) {
  const TinyNetwork tiny;
  for (const int streams : {1, 2}) {
    const auto network = load(tiny.spec, {.num_threads = 2, .num_streams = streams});
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const auto session = network->make_session();
        for (int i = 0; i < 20; ++i) {
          wrong[static_cast<std::size_t>(t)] +=
              wrong_values(*session, 1, 3 + t, 5 + i, static_cast<unsigned>(100 * t + i)) != 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int count : wrong) EXPECT_EQ(count, 0);
  }
}

TEST(OpenVino, SessionsOutliveNetworkAndEngine) {
  const TinyNetwork tiny;
  for (const int streams : {1, 2}) {
    const auto session =
        load(tiny.spec, {.num_threads = 2, .num_streams = streams})->make_session();
    EXPECT_EQ(wrong_values(*session, 1, 4, 5, 1), 0);
  }
}

TEST(OpenVino, RefusesAnInputThatDoesNotFitAndGoesOn) {
  const TinyNetwork tiny;
  const auto network = load(tiny.spec);
  const auto session = network->make_session();
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{1, 4, 5, 5}, {1, 3, 5}, {3, 5, 5}, {1, 3, 5, -1}}) {
    EXPECT_THROWS(EngineError, "for the input 'image' of the shape [1,3,?,?]",
                  session->input(0, shape));
    EXPECT_EQ(wrong_values(*session, 1, 4, 5, 1), 0);
  }
}

TEST(OpenVino, RefusesAFileThatInstsegJsonDescribesOtherwise) {
  const TinyNetwork tiny;
  NetworkSpec spec = tiny.spec;
  spec.outputs[1].name = "missing";
  EXPECT_THROWS(ModelError, "it has no tensor 'missing'; import the model again", load(spec));
  spec = tiny.spec;
  spec.inputs[0].name = "scaled";  // an output
  EXPECT_THROWS(ModelError, "it has no tensor 'scaled'", load(spec));
  spec = tiny.spec;
  spec.outputs[0].shape = {-1, 4, -1, -1};
  EXPECT_THROWS(ModelError, "'root' has the shape [1,3,?,?], expected [?,4,?,?]", load(spec));
  spec.outputs[0].shape = {-1, 3, -1};
  EXPECT_THROWS(ModelError, "'root' has the shape [1,3,?,?], expected [?,3,?]", load(spec));
  spec = tiny.spec;
  spec.outputs[0].dtype = "int32";
  EXPECT_THROWS(ModelError, "'root' holds f32 where instseg.json says int32", load(spec));
  // Known sides where the file has unknown ones are fine.
  spec = tiny.spec;
  spec.inputs[0].shape = {1, 3, 64, 64};
  load(spec);
}

// What the library writes to the standard error meanwhile.
std::string stderr_of(const std::function<void()>& body) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "stderr";
  std::fflush(stderr);
  const int saved = dup(2);
  if (std::freopen(file.c_str(), "w", stderr) == nullptr) throw std::runtime_error("freopen");
  body();
  std::fflush(stderr);
  dup2(saved, 2);
  close(saved);
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(OpenVino, RefusesAFileThatIsNoOnnxWithoutPrinting) {
  const std::string good = tiny_onnx();
  const std::string an_ir = "<?xml version=\"1.0\"?><net name=\"a\" version=\"11\"></net>";
  for (const std::string& content :
       {std::string("not a network"), std::string(), std::string(1000, '\xff'), an_ir,
        good.substr(0, good.size() / 2), good.substr(0, 5), std::string(5000, '\0')}) {
    const TinyNetwork tiny(content);
    const std::string printed = stderr_of([&] {
      // To OpenVINO an empty file is a network without tensors: a ModelError then.
      EXPECT_THROWS(Error, tiny.spec.file.string(), load(tiny.spec));
    });
    EXPECT_EQ(printed, "");
  }
  TinyNetwork gone;
  std::filesystem::remove(gone.spec.file);
  EXPECT_THROWS(EngineError, "cannot load " + gone.spec.file.string(), load(gone.spec));
}

// The file that the cache holds after a load.
std::filesystem::path cached_file(const std::filesystem::path& cache_dir) {
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(cache_dir)) {
    EXPECT_TRUE(file.empty());
    file = entry.path();
  }
  return file;
}

// Another network in the same file, of the same size and time: only the cache still has the old.
void replace_secretly(const TinyNetwork& tiny, const std::string& content) {
  const auto time = std::filesystem::last_write_time(tiny.spec.file);
  tiny.folder.write("network.onnx", content);
  std::filesystem::last_write_time(tiny.spec.file, time);
}

TEST(OpenVinoCache, GivesTheCompiledNetwork) {
  const TinyNetwork tiny(tiny_onnx(1, 2));
  const TemporaryFolder cache;
  const EngineOptions options{.num_threads = 2, .num_streams = 2, .cache_dir = cache.path()};
  EXPECT_EQ(wrong_values(*load(tiny.spec, options)->make_session(), 1, 4, 5, 1, 2), 0);
  EXPECT_TRUE(std::filesystem::is_regular_file(cached_file(cache.path())));
  replace_secretly(tiny, tiny_onnx(1, 7));
  const auto network = load(tiny.spec, options);
  const auto session = network->make_session();
  EXPECT_EQ(wrong_values(*session, 1, 4, 5, 1, 2), 0);
  EXPECT_EQ(wrong_values(*session, 1, 9, 2, 2, 2), 0);
  // The spec is compared with a network from the cache too.
  NetworkSpec wrong = tiny.spec;
  wrong.outputs[0].name = "missing";
  EXPECT_THROWS(ModelError, "it has no tensor 'missing'", load(wrong, options));
}

TEST(OpenVinoCache, CompilesAnewWhatHasChanged) {
  const TemporaryFolder cache;
  const TinyNetwork tiny(tiny_onnx(1, 2));
  const EngineOptions options{.num_threads = 2, .cache_dir = cache.path()};
  load(tiny.spec, options);
  const auto expect_new = [&](const NetworkSpec& spec, const EngineOptions& changed) {
    EXPECT_EQ(wrong_values(*load(spec, changed)->make_session(), 1, 4, 5, 1, 7), 0);
  };
  replace_secretly(tiny, tiny_onnx(1, 7));
  expect_new(tiny.spec, {.num_threads = 1, .cache_dir = cache.path()});
  expect_new(tiny.spec, {.num_threads = 2, .num_streams = 2, .cache_dir = cache.path()});
  expect_new(tiny.spec, {.num_threads = 2});
  NetworkSpec spec = tiny.spec;
  spec.sha256 = std::string(64, '1');
  expect_new(spec, options);
  std::filesystem::last_write_time(
      tiny.spec.file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  expect_new(tiny.spec, options);
}

TEST(OpenVinoCache, CompilesAnewWhatIsDamaged) {
  const TinyNetwork tiny(tiny_onnx(5));
  const TemporaryFolder cache;
  const EngineOptions options{.num_threads = 1, .cache_dir = cache.path()};
  load(tiny.spec, options);
  const std::filesystem::path file = cached_file(cache.path());
  std::ifstream stream(file, std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(stream), {});
  Random random(91);
  for (int i = 0; i < 12; ++i) {
    std::string bad = good;
    const auto size = static_cast<int>(good.size());
    if (i % 3 == 0) {  // one bit, which might be one of a weight
      bad[static_cast<std::size_t>(random.integer(4096, size - 1))] ^= 64;
    } else if (i % 3 == 1) {
      bad.resize(static_cast<std::size_t>(random.integer(0, size - 1)));
    } else {
      for (char& byte : bad) byte = static_cast<char>(random.integer(0, 255));
    }
    cache.write(file.filename(), bad);
    EXPECT_EQ(wrong_values(*load(tiny.spec, options)->make_session(), 1, 4, 5, 1), 0);
    // It is good again.
    std::ifstream again(file, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}).size(), good.size());
  }
}

TEST(OpenVinoCache, IsNotNeeded) {
  const TinyNetwork tiny;
  const TemporaryFolder folder;
  folder.write("file", "");
  for (const std::filesystem::path& path :
       {std::filesystem::path("/proc/no such folder"), folder.path() / "file"}) {
    const EngineOptions options{.num_threads = 1, .cache_dir = path};
    EXPECT_EQ(wrong_values(*load(tiny.spec, options)->make_session(), 1, 4, 5, 1), 0);
  }
}

}  // namespace
}  // namespace instseg
