#include "runtime/network_runner.h"

#include <vector>

#include "fake_engine.h"
#include "instseg/errors.h"
#include "network_folder/manifest.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::TestNetworkFolder;

struct Image {
  std::vector<float> values = std::vector<float>(3 * 64 * 64, 0.25f);
  std::vector<std::int64_t> shape = {1, 3, 64, 64};

  TensorView view() const { return {.data = values.data(), .shape = shape}; }
};

NetworkRunner fake_runner(const TestNetworkFolder& folder) {
  return {folder.path(), *testing::make_fake_engine(std::make_shared<testing::FakeControls>()), {}};
}

TEST(NetworkRunner, GivesEveryOutputByItsMeaning) {
  const TestNetworkFolder folder;
  NetworkRunner runner = fake_runner(folder);
  EXPECT_EQ(runner.roles().size(), std::size_t{1});
  const std::string role = runner.roles()[0];
  const Image image;
  const std::vector<TensorView> inputs = {image.view()};
  const std::vector<NetworkOutput> outputs = runner.run(role, inputs);
  EXPECT_EQ(outputs.size(), std::size_t{4});
  for (const NetworkOutput& output : outputs) {
    if (output.meaning != "class_logits") continue;
    EXPECT_TRUE((output.shape == std::vector<std::int64_t>{1, 16, 3}));
    ASSERT_EQ(output.values.size(), std::size_t{48});
    for (const float value : output.values) EXPECT_NEAR(value, -2.5, 1e-5);  // 10 * (0.25 - 0.5)
    return;
  }
  testing::fail(__FILE__, __LINE__, "no output is called class_logits");
}

TEST(NetworkRunner, RefusesAnotherRoleAndOtherInputs) {
  const TestNetworkFolder folder;
  NetworkRunner runner = fake_runner(folder);
  Image image;
  std::vector<TensorView> inputs = {image.view()};
  EXPECT_THROWS(InvalidArgument, "no network \"other\"; there are \"" + runner.roles()[0] + "\"",
                runner.run("other", inputs));
  EXPECT_THROWS(InvalidArgument, "takes 1 inputs, not 0", runner.run(runner.roles()[0], {}));
  image.shape = {1, 3, 64, 63};
  inputs = {image.view()};
  EXPECT_THROWS(InvalidArgument, "has the shape [1, 3, 64, 63]",
                runner.run(runner.roles()[0], inputs));
  image.shape = {3, 64, 64};
  inputs = {image.view()};
  EXPECT_THROWS(InvalidArgument, "has the shape [3, 64, 64]",
                runner.run(runner.roles()[0], inputs));
}

TEST(NetworkRunner, RefusesWhatTheEngineHasNot) {
  const TestNetworkFolder folder;
  const auto engine = testing::make_fake_engine(std::make_shared<testing::FakeControls>());
  EXPECT_THROWS(InvalidArgument, "precision \"int4\"",
                NetworkRunner(folder.path(), *engine, {.precision = "int4"}));
}

}  // namespace
}  // namespace instseg
