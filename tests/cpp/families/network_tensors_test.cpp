#include "families/network_tensors.h"

#include <string>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

NetworkFolder folder_with(std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs) {
  NetworkFolder folder;
  folder.path = "/models/a";
  folder.model_name = "A";
  folder.family = "some_family";
  folder.networks.push_back(
      {.role = "main", .inputs = std::move(inputs), .outputs = std::move(outputs)});
  return folder;
}

TensorSpec tensor(const char* meaning, std::vector<std::int64_t> shape,
                  const char* dtype = "float32") {
  return {.name = "x", .meaning = meaning, .dtype = dtype, .shape = std::move(shape)};
}

TEST(OnlyNetwork, IsTheOne) {
  NetworkFolder folder = folder_with({}, {});
  EXPECT_TRUE(&only_network(folder) == &folder.networks[0]);
  folder.networks.push_back({});
  EXPECT_THROWS(
      ModelError,
      "/models/a/instseg.json: 'networks' has 2 entries, the family \"some_family\" has 1; "
      "import the model again",
      only_network(folder));
  folder.networks.clear();
  EXPECT_THROWS(ModelError, "'networks' has 0 entries", only_network(folder));
}

TEST(ExpectImageInput, FollowsThePreprocessing) {
  const auto check = [](std::vector<TensorSpec> inputs, const PreprocessSpec& preprocess) {
    NetworkFolder folder = folder_with(std::move(inputs), {});
    folder.preprocess = preprocess;
    expect_image_input(folder, folder.networks[0]);
  };
  const PreprocessSpec fixed{.height = 64, .width = 96};
  check({tensor("image", {1, 3, 64, 96})}, fixed);
  check({tensor("image", {-1, 3, -1, 96})}, fixed);
  check({tensor("image", {1, -1, 64, -1})}, fixed);
  const PreprocessSpec padded{.height = 60, .width = 90, .pad_stride = 32};
  check({tensor("image", {1, 3, 64, 96})}, padded);
  const PreprocessSpec ratio{.height = 800, .width = 1333, .keep_ratio = true};
  check({tensor("image", {1, 3, -1, -1})}, ratio);
  check({tensor("image", {1, 3, 800, 1344})}, ratio);  // the run decides

  const std::vector<std::vector<std::int64_t>> wrong = {{2, 3, 64, 96},
                                                        {0, 3, 64, 96},
                                                        {1, 1, 64, 96},
                                                        {1, 3, 96, 64},
                                                        {1, 3, 64},
                                                        {1, 3, 64, 96, 1},
                                                        {},
                                                        {1, 3, 65, 96}};
  for (const auto& shape : wrong) {
    EXPECT_THROWS(ModelError, "expected float32 [1 or -1, 3, 64, 96] by 'preprocess'",
                  check({tensor("image", shape)}, fixed));
  }
  EXPECT_THROWS(ModelError, "the input \"image\" is uint8",
                check({tensor("image", {1, 3, 64, 96}, "uint8")}, fixed));
  EXPECT_THROWS(ModelError, "has the inputs \"picture\", expected \"image\" alone",
                check({tensor("picture", {1, 3, 64, 96})}, fixed));
  EXPECT_THROWS(ModelError, "has the inputs \"image\", \"scale\", expected \"image\" alone",
                check({tensor("image", {1, 3, 64, 96}), tensor("scale", {1})}, fixed));
}

TEST(FindOutput, LooksForTheMeaning) {
  const NetworkFolder folder =
      folder_with({}, {tensor("boxes", {1, 4}), tensor("scores", {1}), tensor("scores", {1}),
                       tensor("counts", {1}, "int32")});
  const NetworkSpec& network = folder.networks[0];
  const OutputTensor found = find_output(folder, network, "boxes");
  EXPECT_EQ(found.index, 0u);
  EXPECT_EQ(found.meaning, "boxes");
  EXPECT_THROWS(ModelError,
                "network \"main\" has the outputs \"boxes\", \"scores\", \"scores\", \"counts\", "
                "expected \"masks\" once among them",
                find_output(folder, network, "masks"));
  EXPECT_THROWS(ModelError, "expected \"scores\" once among them",
                find_output(folder, network, "scores"));
  EXPECT_THROWS(ModelError, "the output \"counts\" is int32, expected float32",
                find_output(folder, network, "counts"));
}

TEST(ExpectShape, AcceptsUnknownSides) {
  const NetworkFolder folder = folder_with({}, {tensor("boxes", {-1, 300, -1})});
  const NetworkSpec& network = folder.networks[0];
  const OutputTensor boxes = find_output(folder, network, "boxes");
  EXPECT_EQ(expect_shape(folder, network, boxes, {kBatch, kAny, 4})[1], 300);
  expect_shape(folder, network, boxes, {kBatch, 300, kAny});
  EXPECT_THROWS(ModelError,
                "the output \"boxes\" has the shape [any, 300, any], expected [1 or -1, 100, 4]",
                expect_shape(folder, network, boxes, {kBatch, 100, 4}));
  EXPECT_THROWS(ModelError, "expected [1 or -1, 300]",
                expect_shape(folder, network, boxes, {kBatch, 300}));
}

class OneOutput final : public Session {
 public:
  explicit OneOutput(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}
  std::span<float> input(std::size_t, std::span<const std::int64_t>) override { return {}; }
  void run() override {}
  TensorView output(std::size_t) const override { return {values_.data(), shape_}; }

 private:
  std::vector<std::int64_t> shape_;
  std::vector<float> values_ = std::vector<float>(64);
};

TEST(OutputOfShape, ChecksWhatWasComputed) {
  const OutputTensor boxes{.index = 0, .meaning = "boxes"};
  const OneOutput session({1, 5, 4});
  EXPECT_EQ(output_of_shape(session, boxes, {1, kAny, 4}, "A").size(), 20u);
  EXPECT_EQ(output_of_shape(session, boxes, {1, 5, 4}, "A").values().size(), 20u);
  EXPECT_THROWS(EngineError, "A gave its output 'boxes' the shape [1, 5, 4], expected [1, 6, 4]",
                output_of_shape(session, boxes, {1, 6, 4}, "A"));
  EXPECT_THROWS(EngineError, "expected [1, any]", output_of_shape(session, boxes, {1, kAny}, "A"));
  EXPECT_THROWS(EngineError, "the shape [1, 0, 4]",
                output_of_shape(OneOutput({1, 0, 4}), boxes, {1, kAny, 4}, "A"));
}

TEST(TensorView, OfNoSidesIsOneNumber) {
  const float value = 3;
  const TensorView view{&value, {}};
  EXPECT_EQ(view.size(), 1u);
  EXPECT_EQ(view.values()[0], 3.0f);
}

}  // namespace
}  // namespace instseg
