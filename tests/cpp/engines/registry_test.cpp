#include "engines/registry.h"

#include <algorithm>
#include <set>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(Engines, AreListedWithWhatToDo) {
  const std::vector<EngineInfo> all = engines();
  ASSERT_TRUE(!all.empty());
  std::set<std::string> names;
  for (const EngineInfo& engine : all) {
    names.insert(engine.name);
    EXPECT_TRUE(!engine.name.empty() && engine.name != "auto");
    EXPECT_EQ(engine.remedy.empty(), engine.available);
    EXPECT_EQ(engine.version.empty(), !engine.available);
    EXPECT_EQ(engine.devices.empty(), !engine.available);
    EXPECT_EQ(engine.precisions.empty(), !engine.available);
  }
  EXPECT_EQ(names.size(), all.size());
}

TEST(MakeEngine, NamesTheEnginesThereAre) {
  EXPECT_THROWS(InvalidArgument,
                "The engine \"tensorflow\" is unknown; there are \"auto\", \"openvino\"",
                make_engine("tensorflow", "cpu", "fp32"));
  EXPECT_THROWS(InvalidArgument, "The engine \"\" is unknown", make_engine("", "cpu", "fp32"));
  EXPECT_THROWS(InvalidArgument, "The engine \"OpenVINO\" is unknown",
                make_engine("OpenVINO", "cpu", "fp32"));
}

TEST(MakeEngine, TakesTheFirstThatIsAvailable) {
  const std::vector<EngineInfo> all = engines();
  const auto first =
      std::find_if(all.begin(), all.end(), [](const EngineInfo& e) { return e.available; });
  if (first == all.end()) SKIP("this build has no engine");
  EXPECT_EQ(make_engine("auto", first->devices[0], "fp32")->info().name, first->name);
  EXPECT_EQ(make_engine(first->name, first->devices[0], "fp32")->info().name, first->name);
  EXPECT_THROWS(InvalidArgument,
                "No available engine has the device \"toaster\"; there are \"cpu\"",
                make_engine("auto", "toaster", "fp32"));
  EXPECT_THROWS(InvalidArgument, "The device \"toaster\" is unknown to the engine",
                make_engine(first->name, "toaster", "fp32"));
  EXPECT_THROWS(InvalidArgument, "The precision \"fp7\" is not available",
                make_engine("auto", first->devices[0], "fp7"));
  EXPECT_THROWS(InvalidArgument, "The precision \"fp7\" is not available",
                make_engine(first->name, first->devices[0], "fp7"));
}

TEST(MakeEngine, SaysWhyAnEngineIsMissing) {
  for (const EngineInfo& engine : engines()) {
    if (engine.available) continue;
    EXPECT_THROWS(EngineError,
                  "The engine \"" + engine.name + "\" is not available: " + engine.remedy,
                  make_engine(engine.name, "cpu", "fp32"));
  }
}

TEST(CheckEngineSupports, ListsWhatTheEngineHas) {
  const EngineInfo engine{.name = "some engine",
                          .available = true,
                          .devices = {"cpu", "gpu"},
                          .precisions = {"fp32", "fp16"}};
  check_engine_supports(engine, "gpu", "fp16");
  EXPECT_THROWS(
      InvalidArgument,
      "The device \"GPU\" is unknown to the engine \"some engine\"; it has \"cpu\", \"gpu\"",
      check_engine_supports(engine, "GPU", "fp32"));
  EXPECT_THROWS(InvalidArgument,
                "The precision \"bf16\" is not available: the engine \"some engine\" has \"fp32\", "
                "\"fp16\" on this machine",
                check_engine_supports(engine, "cpu", "bf16"));
}

}  // namespace
}  // namespace instseg
