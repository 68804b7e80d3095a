#include "engines/paddle/paddle_engine.h"

#include <filesystem>
#include <thread>
#include <variant>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"
#include "tiny_program.h"

namespace instseg {
namespace {

using testing::Random;
using testing::TinyProgram;

std::unique_ptr<Network> load(const NetworkSpec& spec, const EngineOptions& options = {}) {
  return make_paddle_engine()->load(spec, options);
}

// Runs an image of random pixels; the number of values that are wrong.
int wrong_values(Session& session, int height, int width, unsigned seed) {
  const std::int64_t shape[] = {1, 3, height, width};
  const std::int64_t pair[] = {1, 2};
  Random random(seed);
  std::vector<float> image;
  for (float& value : session.input(0, shape)) {
    value = random.real(-9, 9);
    image.push_back(value);
  }
  const std::span<float> scale = session.input(1, pair);
  scale[0] = 3;
  scale[1] = static_cast<float>(seed);
  session.run();
  const TensorView product = session.output(0);
  const AnyTensorView whole = session.any_output(1);
  const TensorView total = session.output(2);
  const auto* const integers = std::get<const std::int32_t*>(whole.data);
  if (product.size() != image.size() || product.shape.size() != 4 || product.shape[3] != width ||
      whole.shape.size() != 4 || whole.shape[2] != height || total.size() != 2) {
    return -1;
  }
  int wrong = total.data[0] != 6 || total.data[1] != 2 * static_cast<float>(seed);
  for (std::size_t i = 0; i < image.size(); ++i) {
    // Twice a float is exact; the cast drops what is behind the point.
    wrong += product.data[i] != 2 * image[i] || integers[i] != static_cast<int>(2 * image[i]);
  }
  return wrong;
}

TEST(Paddle, DescribesItself) {
  const auto engine = make_paddle_engine();
  const EngineInfo info = engine->info();
  EXPECT_EQ(info.name, "paddle_inference");
  EXPECT_TRUE(info.available && info.remedy.empty());
  EXPECT_TRUE(info.version.find('.') != std::string::npos);
  EXPECT_TRUE((info.devices == std::vector<std::string>{"cpu"}));
  EXPECT_TRUE((info.precisions == std::vector<std::string>{"fp32"}));
  EXPECT_TRUE(engine->runs_whole_programs());
}

TEST(Paddle, ComputesInTheOrderOfTheSpec) {
  const TinyProgram tiny;
  const auto network = load(tiny.spec, {.num_threads = 2});
  const auto session = network->make_session();
  EXPECT_EQ(wrong_values(*session, 4, 5, 1), 0);
  // The shape may change from call to call.
  EXPECT_EQ(wrong_values(*session, 40, 3, 2), 0);
  EXPECT_EQ(wrong_values(*session, 4, 5, 3), 0);
  EXPECT_EQ(wrong_values(*session, 1, 1, 4), 0);
  EXPECT_THROWS(EngineError, "is not float32", session->output(1));
}

TEST(Paddle, RunsSessionsOnManyThreads) {
  const TinyProgram tiny;
  const auto network = load(tiny.spec, {.num_threads = 2, .num_streams = 2});
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto session = network->make_session();
      for (int i = 0; i < 20; ++i) {
        wrong[static_cast<std::size_t>(t)] +=
            wrong_values(*session, 3 + t, 5 + i, static_cast<unsigned>(100 * t + i)) != 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

TEST(Paddle, SessionsOutliveTheirNetwork) {
  const TinyProgram tiny;
  const auto session = load(tiny.spec)->make_session();
  EXPECT_EQ(wrong_values(*session, 4, 5, 1), 0);
}

TEST(Paddle, RefusesAProgramThatInstsegJsonDescribesOtherwise) {
  const TinyProgram tiny;
  NetworkSpec spec = tiny.spec;
  spec.inputs[0].name = "picture";
  EXPECT_THROWS(ModelError, "it has no input 'picture'", load(spec));
  spec = tiny.spec;
  spec.outputs.pop_back();
  EXPECT_THROWS(ModelError, "it has 2 inputs and 3 outputs, expected 2 and 2", load(spec));
}

TEST(Paddle, SaysWhatItCannotLoad) {
  const TinyProgram cut;
  std::filesystem::resize_file(cut.spec.parameters, 20);
  EXPECT_THROWS(EngineError, "cannot load " + cut.spec.file.string(), load(cut.spec));
  const TinyProgram damaged;
  damaged.folder.write("inference.json", "{\"base_code\": 7");
  EXPECT_THROWS(EngineError, "cannot load " + damaged.spec.file.string(), load(damaged.spec));
}

}  // namespace
}  // namespace instseg
