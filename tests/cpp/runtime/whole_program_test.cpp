// The pipeline with an engine that runs whole programs.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fake_pipeline.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

using testing::good_manifest;
using testing::kNetworkFile;
using testing::TemporaryFolder;
using testing::test_image;

constexpr int kSide = 64;

// "Finds" one instance in the image: class 1, of the score of the first value of the image, its box
// the left half of the image; the mask covers everything. Its inputs stay where they were written.
class ProgramSession final : public Session {
 public:
  explicit ProgramSession(NetworkSpec program) : program_(std::move(program)) {}

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override {
    std::size_t size = 1;
    for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
    std::vector<float>& values = inputs_[program_.inputs.at(index).meaning];
    values.resize(size);
    return values;
  }

  void run() override {
    const std::vector<float>& resized = inputs_.at("im_shape");
    const std::vector<float>& scale = inputs_.at("scale_factor");
    const float height = resized.at(0) / scale.at(0);
    const float width = resized.at(1) / scale.at(1);
    rows_ = {1, inputs_.at("image").at(0), 0, 0, width / 2, height};
    mask_shape_ = {1, std::lround(height), std::lround(width)};
    mask_.assign(static_cast<std::size_t>(mask_shape_[1] * mask_shape_[2]), 1);
  }

  TensorView output(std::size_t) const override { throw EngineError("nobody asks for this"); }
  AnyTensorView any_output(std::size_t index) const override {
    if (program_.outputs.at(index).meaning == "boxes") return {rows_.data(), row_shape_};
    return {mask_.data(), mask_shape_};
  }

 private:
  NetworkSpec program_;
  std::map<std::string, std::vector<float>> inputs_;
  std::vector<float> rows_;
  std::vector<std::int64_t> row_shape_ = {1, 6};
  std::vector<std::int32_t> mask_;
  std::vector<std::int64_t> mask_shape_;
};

class ProgramNetwork final : public Network {
 public:
  explicit ProgramNetwork(NetworkSpec program) : program_(std::move(program)) {}
  std::unique_ptr<Session> make_session() const override {
    return std::make_unique<ProgramSession>(program_);
  }

 private:
  NetworkSpec program_;
};

class ProgramEngine final : public Engine {
 public:
  EngineInfo info() const override {
    return {.name = "programs",
            .available = true,
            .version = "1.2",
            .devices = {"cpu"},
            .precisions = {"fp32"}};
  }
  bool runs_whole_programs() const override { return true; }
  std::unique_ptr<Network> load(const NetworkSpec& program, const EngineOptions&) const override {
    EXPECT_EQ(program.role, "program");
    EXPECT_EQ(program.parameters.filename().string(), "inference.pdiparams");
    return std::make_unique<ProgramNetwork>(program);
  }
};

nlohmann::json tensor(const char* name, const char* dtype, std::vector<int> shape) {
  return {{"name", name}, {"meaning", name}, {"dtype", dtype}, {"shape", std::move(shape)}};
}

nlohmann::json file(const char* name) {
  return {{"file", name}, {"size_bytes", kNetworkFile.size()}, {"sha256", std::string(64, 'b')}};
}

TEST(WholeProgramPipeline, RunsTheProgramInPlaceOfTheNetworks) {
  nlohmann::json manifest = good_manifest();
  manifest["program"] = file("inference.json");
  manifest["program"]["parameters"] = file("inference.pdiparams");
  manifest["program"]["inputs"] = {tensor("image", "float32", {-1, 3, kSide, kSide}),
                                   tensor("scale_factor", "float32", {-1, 2}),
                                   tensor("im_shape", "float32", {-1, 2})};
  manifest["program"]["outputs"] = {tensor("masks", "int32", {-1, -1, -1}),
                                    tensor("boxes", "float32", {-1, 6})};
  TemporaryFolder folder;
  folder.write("instseg.json", manifest.dump());
  for (const char* name : {"network.onnx", "inference.json", "inference.pdiparams"}) {
    folder.write(name, kNetworkFile);
  }
  const ProgramEngine engine;
  const Pipeline pipeline(read_network_folder(folder.path()), engine,
                          {.num_threads = 2, .num_streams = 2});
  ASSERT_EQ(pipeline.info().networks.size(), 1u);
  EXPECT_EQ(pipeline.info().networks[0].role, "program");
  pipeline.warm_up();
  for (const auto& [height, width] : {std::pair{120, 97}, {64, 64}, {1, 4000}}) {
    auto image = test_image(height, width, 1);
    std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{204});  // 0.8
    const Result result = pipeline.predict(image.view(), {});
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result.class_ids[0], 1);
    EXPECT_NEAR(result.scores[0], 0.8, 1e-6);
    EXPECT_EQ(result.masks[0].area(),
              height * static_cast<std::int64_t>(std::nearbyint(result.boxes[0].x2)));
    EXPECT_NEAR(result.boxes[0].x2, width / 2.0f, 1e-3);
    EXPECT_EQ(pipeline.predict(image.view(), {.threshold = 0.9f}).size(), 0u);
  }
}

TEST(WholeProgramPipeline, NamesAFolderWithoutAProgram) {
  const testing::TestNetworkFolder folder;
  EXPECT_THROWS(ModelError,
                "holds no Paddle program, which the engine \"programs\" runs; make the folder with "
                "`instseg import --with-program`",
                Pipeline(read_network_folder(folder.path()), ProgramEngine(), {.num_threads = 1}));
}

}  // namespace
}  // namespace instseg
