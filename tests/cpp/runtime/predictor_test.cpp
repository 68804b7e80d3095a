#include "instseg/predictor.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "instseg/errors.h"
#include "network_folder/manifest.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::TemporaryFolder;
using testing::TestNetworkFolder;

bool any_engine() {
  const std::vector<EngineInfo> all = engines();
  return std::any_of(all.begin(), all.end(), [](const EngineInfo& e) { return e.available; });
}

TEST(Predictor, NamesAnUnknownEngine) {
  const TestNetworkFolder folder;
  EXPECT_THROWS(InvalidArgument, "The engine \"no such engine\" is unknown",
                Predictor::load(folder.path(), {.engine = "no such engine"}));
}

TEST(Predictor, SaysWhatToDoWithoutAnyEngine) {
  if (any_engine()) SKIP("this build has an engine");
  const TestNetworkFolder folder;
  EXPECT_THROWS(EngineError, "No engine is available:\nopenvino: ", Predictor::load(folder.path()));
}

TEST(Predictor, NamesAFolderThatIsNone) {
  if (!any_engine()) SKIP("this build has no engine");
  const TemporaryFolder folder;
  EXPECT_THROWS(ModelError, "has no file instseg.json", Predictor::load(folder.path()));
  EXPECT_THROWS(ModelError, "does not exist", Predictor::load(folder.path() / "nowhere"));
}

TEST(Predictor, RefusesAFileThatIsNoNetwork) {
  if (!any_engine()) SKIP("this build has no engine");
  if (engines()[0].name == "openvino" && !engines()[0].available) {
    SKIP("this build has no engine that reads ONNX");
  }
  const TestNetworkFolder folder;
  EXPECT_THROWS(EngineError, "cannot load " + (folder.path() / "network.onnx").string(),
                Predictor::load(folder.path()));
}

static_assert(!std::is_copy_constructible_v<Predictor> && std::is_move_constructible_v<Predictor> &&
              std::is_move_assignable_v<Predictor>);

}  // namespace
}  // namespace instseg
